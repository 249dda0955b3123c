/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <string.h>

#include "certificate_request.h"
#include "fault_points.h"
#include "log.h"
#include "pool_list.h"
#include "protocol.h"
#include "rundir.h"
#include "supervisor_internal.h"
#include "tpm_seed.h"

struct holder
{
  char text[320];
};

static struct holder
get_holder (const struct supervisor *supervisor)
{
  struct holder holder;

  snprintf (holder.text, sizeof (holder.text), "container %s",
            supervisor->settings->container_id);
  return holder;
}

static int
open_store (struct supervisor *supervisor, const struct vtpm_host_keys *keys,
            struct vtpm_error **error)
{
  const struct vtpm_supervisor_settings *settings = supervisor->settings;
  const struct holder holder = get_holder (supervisor);
  uint8_t uuid[VTPM_UUID_SIZE];
  const struct vtpm_store_settings store = {
    .state_dir = settings->state_dir,
    .id = &settings->instance,
    .keys = keys,
    .holder = holder.text,
    .create = true,
    .uuid = settings->uuid != NULL ? uuid : NULL,
  };

  if (settings->uuid != NULL && vtpm_uuid_parse (settings->uuid, uuid, error) < 0)
    return -1;
  if (vtpm_store_open (&store, &supervisor->store, error) < 0)
    return -1;
  return vtpm_store_expect_version (supervisor->store, settings->version, error);
}

/* Somebody else may have been faster: EAGAIN.  */
static int
open_pooled (struct supervisor *supervisor, const struct vtpm_host_keys *keys,
             struct vtpm_store **pooled, struct vtpm_error **error)
{
  const struct vtpm_supervisor_settings *settings = supervisor->settings;
  const struct holder holder = get_holder (supervisor);
  struct vtpm_instance_id id = { .scope = VTPM_SCOPE_POOL };
  const struct vtpm_store_settings store = {
    .state_dir = settings->state_dir, .id = &id, .keys = keys, .holder = holder.text,
  };
  _cleanup_error_ struct vtpm_error *problem = NULL;

  snprintf (id.name, sizeof (id.name), "%s", settings->pooled);
  if (vtpm_store_open (&store, pooled, &problem) == 0)
    return vtpm_store_expect_version (*pooled, settings->version, error);
  if (vtpm_error_errnum (problem) == ENOENT || vtpm_error_errnum (problem) == EBUSY)
    return vtpm_error_set_plain (error, EAGAIN, "the pooled TPM %s was taken by another",
                                 settings->pooled);
  return vtpm_error_pass (error, &problem);
}

/* It is out of the pool before it is anything else.  */
static int
seed_with_pooled (struct supervisor *supervisor, const struct vtpm_host_keys *keys,
                  struct vtpm_error **error)
{
  _cleanup_store_ struct vtpm_store *pooled = NULL;
  const uint8_t *permanent;
  size_t size;

  if (open_pooled (supervisor, keys, &pooled, error) < 0
      || vtpm_store_consume (pooled, error) < 0)
    return -1;
  vtpm_store_get_permanent (pooled, &permanent, &size);
  return vtpm_journal_seed (supervisor->journal, permanent, size, error);
}

/* A TPM that is new begins as whoever made it left it.  */
static int
seed_with_new (struct supervisor *supervisor, const struct vtpm_host_keys *keys,
               struct vtpm_error **error)
{
  _cleanup_secret_bytes_ struct vtpm_secret_bytes permanent = { 0 };
  int fd = supervisor->settings->seed_fd;

  if (supervisor->settings->pooled != NULL)
    return seed_with_pooled (supervisor, keys, error);
  if (fd < 0)
    return 0;
  if (vtpm_tpm_seed_read (fd, &permanent, error) < 0)
    return -1;
  return permanent.data == NULL ? 0
                                : vtpm_journal_seed (supervisor->journal, permanent.data,
                                                     permanent.size, error);
}

/* What is on disk is version 0 in the journal.  Where there is something, nothing else
   counts.  */
static int
seed_with_kept (struct supervisor *supervisor, const struct vtpm_host_keys *keys,
                struct vtpm_error **error)
{
  const uint8_t *permanent;
  size_t size;
  int result;

  vtpm_store_get_permanent (supervisor->store, &permanent, &size);
  supervisor->made_instance = permanent == NULL;
  result = permanent != NULL ? vtpm_journal_seed (supervisor->journal, permanent, size, error)
                             : seed_with_new (supervisor, keys, error);
  vtpm_store_forget_permanent (supervisor->store);
  return result;
}

/* The keys are there for who has any.  */
static int
open_with (struct supervisor *supervisor, const struct vtpm_host_keys *keys,
           struct vtpm_error **error)
{
  if (supervisor->settings->persistent && open_store (supervisor, keys, error) < 0)
    return -1;
  if (vtpm_journal_create (&supervisor->journal_fd, error) < 0
      || vtpm_journal_map (supervisor->journal_fd, &supervisor->journal, error) < 0)
    return -1;
  return supervisor->store != NULL ? seed_with_kept (supervisor, keys, error)
                                   : seed_with_new (supervisor, keys, error);
}

/* The host's keys are in our memory to the end of this function only: before there is an
   emulator.  */
int
vtpm_supervisor_open_state (struct supervisor *supervisor, struct vtpm_error **error)
{
  _cleanup_host_keys_ struct vtpm_host_keys keys = { 0 };
  int seed_fd = supervisor->settings->seed_fd;
  int keys_fd = supervisor->settings->host_keys_fd;
  int result = keys_fd < 0 ? 0 : vtpm_host_keys_from_fd (keys_fd, &keys, error);

  vtpm_cleanup_close (&keys_fd);
  if (result == 0)
    result = open_with (supervisor, &keys, error);
  vtpm_cleanup_close (&seed_fd);
  return result;
}

/* A start that failed leaves no instance that nobody has ever used.  */
static void
remove_unused_instance (const struct supervisor *supervisor)
{
  const struct vtpm_supervisor_settings *settings = supervisor->settings;
  _cleanup_error_ struct vtpm_error *error = NULL;

  if (vtpm_store_remove (settings->state_dir, &settings->instance, &error) < 0
      && vtpm_error_errnum (error) != ENOENT)
    vtpm_log (VTPM_LOG_WARNING, "%s", vtpm_error_message (error));
}

void
vtpm_supervisor_close_state (struct supervisor *supervisor)
{
  vtpm_journal_unmap (supervisor->journal);
  vtpm_cleanup_close (&supervisor->journal_fd);
  vtpm_store_close (supervisor->store);
  if (supervisor->made_instance && !supervisor->recorded)
    remove_unused_instance (supervisor);
}

/* At the start it is why there will be no TPM, which the hook is to say.  Later
   a container that goes on writing to a full disk is not to fill the log too.  */
static void
report_commit (struct supervisor *supervisor, const struct vtpm_error *problem)
{
  if (problem != NULL && supervisor->state == VTPM_STARTING)
    vtpm_supervisor_note_reason (supervisor, vtpm_error_message (problem), "");
  else if (problem != NULL && !supervisor->cannot_commit)
    vtpm_log (VTPM_LOG_ERROR,
              "%s: what changes the TPM for good is answered with TPM_RC_NV_UNAVAILABLE",
              vtpm_error_message (problem));
  if (problem == NULL && supervisor->cannot_commit)
    vtpm_log (VTPM_LOG_INFO, "the TPM's state can be written again");
  supervisor->cannot_commit = problem != NULL;
}

static int
commit (struct supervisor *supervisor, uint64_t version, struct vtpm_error **error)
{
  _cleanup_free_ uint8_t *copy = NULL;
  size_t size;
  int result;

  if (vtpm_journal_copy_permanent (supervisor->journal, version, &copy, &size, error) < 0)
    return -1;
  result = vtpm_store_commit (supervisor->store, copy, size, error);
  explicit_bzero (copy, size);
  if (result == 0)
    supervisor->committed_version = version;
  return result;
}

/* An emulator that takes over asks about what its predecessor may have asked
   for.  An answer that it does not live to read is no trouble.  */
int
vtpm_supervisor_commit (struct supervisor *supervisor, const struct vtpm_message *message,
                        struct vtpm_error **error)
{
  _cleanup_error_ struct vtpm_error *problem = NULL;
  uint64_t version;

  if (supervisor->store == NULL || message->length != sizeof (version))
    return vtpm_error_set_plain (error, EPROTO, "the emulator asks for a commit of %zu bytes%s",
                                 message->length,
                                 supervisor->store == NULL ? " of what is not kept" : "");
  memcpy (&version, message->payload, sizeof (version));
  vtpm_fault_meet (VTPM_FAULT_SUPERVISOR_ASKED);
  if (version != supervisor->committed_version && commit (supervisor, version, &problem) < 0
      && vtpm_error_errnum (problem) == EPROTO)
    return vtpm_error_pass (error, &problem);
  vtpm_fault_meet (VTPM_FAULT_SUPERVISOR_COMMITTED);
  report_commit (supervisor, problem);
  /* However long the disk took, the emulator could only wait.  */
  supervisor->watchdog.number = 0;
  vtpm_channel_send (supervisor->emulator_channel.fd,
                     problem == NULL ? VTPM_EMULATOR_COMMITTED : VTPM_EMULATOR_NOT_COMMITTED, NULL,
                     0, NULL);
  return 0;
}

/* For vtpmctl, which has no other way to ask the TPM.  Whoever has broken into the emulator
   may say what it likes: it speaks for its own TPM only, and is bound to this form.  */
int
vtpm_supervisor_show_ek (struct supervisor *supervisor, const struct vtpm_message *message,
                         struct vtpm_error **error)
{
  if (supervisor->state != VTPM_STARTING || message->length < 2
      || message->length > 1 + VTPM_CERTIFICATE_MAX || message->payload[0] >= VTPM_KEY_TYPE_COUNT)
    return vtpm_error_set_plain (error, EPROTO, "the emulator shows a certificate of %zu bytes",
                                 message->length);
  return vtpm_rundir_write_ek (supervisor->run_dir_fd, (enum vtpm_key_type) message->payload[0],
                               message->payload + 1, message->length - 1, error);
}
