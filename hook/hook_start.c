/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "hook_start.h"

#include <sys/syscall.h>

#include "base_dirs.h"
#include "container_dev.h"
#include "container_process.h"
#include "device_cgroup.h"
#include "existing_vtpm.h"
#include "instance_setup.h"
#include "new_tpm.h"
#include "oci_bundle.h"
#include "supervisor_process.h"
#include "vtpm_record.h"

/* How often a device pair is made before a start fails.  */
#define TRIES_MAX 3

/* All that a start has made so far.  Whatever is still here when it is freed
   is undone, last made first.  */
struct start
{
  const struct vtpm_oci_state *state;
  const struct vtpm_spec *spec;
  const struct vtpm_host_config *config;
  vtpm_deadline deadline;
  struct vtpm_user user;
  struct vtpm_new_tpm tpm;
  int container_pidfd;
  int host_keys_fd;     /* -1 for an ephemeral vTPM */
  int host_key_hold_fd; /* likewise */
  struct vtpm_container_dev *dev;
  struct vtpm_device_cgroup *cgroup;
  struct vtpm_pair *pair;
  struct vtpm_supervisor_process *supervisor;
  struct vtpm_client_side side;
};

static void
drop_vtpm (struct start *start)
{
  vtpm_pair_free (vtpm_steal_pointer (&start->pair));
  vtpm_supervisor_process_abort (vtpm_steal_pointer (&start->supervisor));
}

static void
undo (struct start *start)
{
  if (start->cgroup != NULL)
    vtpm_device_cgroup_undo (start->cgroup);
  if (start->dev != NULL)
    vtpm_container_dev_undo (start->dev);
  drop_vtpm (start);
}

static void
release (struct start *start)
{
  vtpm_supervisor_process_release (start->supervisor);
  vtpm_pair_free (start->pair);
  vtpm_device_cgroup_free (start->cgroup);
  vtpm_container_dev_free (start->dev);
  vtpm_cleanup_close (&start->tpm.seed_fd);
  vtpm_cleanup_close (&start->host_keys_fd);
  vtpm_cleanup_close (&start->host_key_hold_fd);
  vtpm_cleanup_close (&start->container_pidfd);
}

#define _cleanup_start_ VTPM_CLEANUP (release)

/* Looks at the container, and changes nothing.  */
static int
open_container (struct start *start, struct vtpm_error **error)
{
  _cleanup_free_ char *rootfs = NULL;
  _cleanup_close_ int proc_fd = -1;
  pid_t pid = start->state->pid;

  start->container_pidfd = (int) syscall (SYS_pidfd_open, pid, 0);
  if (start->container_pidfd < 0)
    return vtpm_error_set (error, errno, "cannot watch the container's init, process %d",
                           (int) pid);
  if (vtpm_oci_bundle_rootfs (start->state->bundle, &rootfs, error) < 0
      || vtpm_container_process_open (pid, start->container_pidfd, &proc_fd, error) < 0
      || vtpm_container_dev_open (proc_fd, rootfs, &start->dev, error) < 0)
    return -1;
  return vtpm_device_cgroup_open (proc_fd, &start->cgroup, error);
}

/* Makes sure that the instance can be used, and that it is ours to use.  The
   keys come last: nobody can change them while we have them.  */
static int
prepare_instance (struct start *start, struct vtpm_error **error)
{
  const struct vtpm_host_config *config = start->config;

  if (start->spec->ephemeral)
    return 0;
  if (vtpm_base_dirs_make_state (config->state_dir, &start->user, error) < 0
      || vtpm_instance_await (config->state_dir, &start->spec->instance, VTPM_RUN_DIR,
                              start->deadline, error)
             < 0)
    return -1;
  return vtpm_instance_fetch_keys (config, &start->host_keys_fd, &start->host_key_hold_fd, error);
}

/* Whoever takes a TPM out of the pool needs the keys that it is encrypted under.  */
static int
prepare_tpm (struct start *start, bool may_be_pooled, struct vtpm_error **error)
{
  const struct vtpm_new_tpm_request request = {
    .state = start->state,
    .spec = start->spec,
    .config = start->config,
    .user = &start->user,
    .may_be_pooled = may_be_pooled,
  };

  vtpm_cleanup_close (&start->tpm.seed_fd);
  if (vtpm_new_tpm_prepare (&request, start->deadline, &start->tpm, error) < 0)
    return -1;
  return start->tpm.pooled[0] == '\0' || start->host_keys_fd >= 0
             ? 0
             : vtpm_instance_fetch_keys (start->config, &start->host_keys_fd,
                                         &start->host_key_hold_fd, error);
}

/* Makes the pair and the processes behind it, and waits until the TPM can be
   used.  The supervisor is started right after the pair: from then on it
   cleans up even if we are killed.  */
static int
make_vtpm (struct start *start, struct vtpm_error **error)
{
  const struct vtpm_pair_request request = {
    .version = start->spec->version,
    .load_module = start->config->load_module,
  };
  struct vtpm_supervisor_start supervisor = {
    .container_id = start->state->id,
    .container_pid = start->state->pid,
    .container_pidfd = start->container_pidfd,
    .version = start->spec->version,
    .device_uid = start->spec->uid,
    .device_gid = start->spec->gid,
    .device_mode = start->spec->mode,
    .user = &start->user,
    .stop_timeout = start->config->stop_timeout,
    .restarts_per_minute = start->config->restarts_per_minute,
    .log_level = start->config->log_level,
    .instance = start->spec->ephemeral ? NULL : &start->spec->instance,
    .uuid = start->tpm.uuid,
    .pooled = start->tpm.pooled[0] != '\0' ? start->tpm.pooled : NULL,
    .state_dir = start->config->state_dir,
    .pcr_banks = start->spec->pcr_banks,
    .eks = start->spec->eks,
    .seed_fd = start->tpm.seed_fd,
    .host_keys_fd = start->host_keys_fd,
  };

  if (vtpm_pair_create (start->config->driver, &request, &start->pair, error) < 0)
    return -1;
  supervisor.pair = start->pair;
  if (vtpm_supervisor_process_start (&supervisor, &start->supervisor, error) < 0)
    return -1;
  vtpm_pair_close_server (start->pair);
  if (vtpm_supervisor_process_wait_usable (start->supervisor, start->pair, start->deadline, error)
      < 0)
    return -1;
  return start->pair->driver->get_client_side (start->pair, &start->side, error);
}

/* The kernel drops a device whose TPM it cannot talk to in time, which happens
   to good emulators on overloaded hosts; and another container may take the same TPM
   out of the pool first.  */
static int
make_vtpm_patiently (struct start *start, struct vtpm_error **error)
{
  for (int try = 1;; try++)
    {
      _cleanup_error_ struct vtpm_error *problem = NULL;

      if (make_vtpm (start, &problem) == 0)
        return 0;
      if (vtpm_error_errnum (problem) != EAGAIN || try == TRIES_MAX
          || vtpm_deadline_left (start->deadline) == 0)
        return vtpm_error_pass (error, &problem);
      vtpm_log (VTPM_LOG_WARNING, "%s; trying again", vtpm_error_message (problem));
      drop_vtpm (start);
      if (start->tpm.pooled[0] != '\0' && prepare_tpm (start, try + 1 < TRIES_MAX, error) < 0)
        return -1;
    }
}

static int
place (struct start *start, const char *name, const struct vtpm_device_number *number,
       struct vtpm_error **error)
{
  const struct vtpm_node node = {
    .name = name,
    .number = *number,
    .uid = start->spec->uid,
    .gid = start->spec->gid,
    .mode = start->spec->mode,
  };

  return vtpm_container_dev_place (start->dev, &node, error);
}

/* Puts the client side into the container and lets its cgroup use it.  */
static int
hand_over_devices (struct start *start, struct vtpm_error **error)
{
  const struct vtpm_client_side *side = &start->side;
  const struct vtpm_device_number numbers[] = { side->tpm, side->tpmrm };

  if (side->mount_fd >= 0)
    return vtpm_container_dev_mount (start->dev, start->spec->device, side->mount_fd, error);
  if (place (start, start->spec->device, &side->tpm, error) < 0)
    return -1;
  if (side->has_resource_manager
      && place (start, start->spec->resource_manager, &side->tpmrm, error) < 0)
    return -1;
  return vtpm_device_cgroup_allow (start->cgroup, numbers, side->has_resource_manager ? 2 : 1,
                                   error);
}

static int
record (struct start *start, struct vtpm_error **error)
{
  const struct vtpm_record_facts facts = {
    .state = start->state,
    .spec = start->spec,
    .pair = start->pair,
    .side = &start->side,
    .uuid = start->tpm.uuid,
  };
  _cleanup_json_ json_object *description = vtpm_record_describe (&facts);

  return vtpm_supervisor_process_record (
      start->supervisor, json_object_to_json_string_ext (description, JSON_C_TO_STRING_PRETTY),
      start->deadline, error);
}

static int
check_state (const struct vtpm_oci_state *state, struct vtpm_error **error)
{
  if (state->pid <= 0)
    return vtpm_error_set_plain (error, EINVAL, "state: \"pid\" is missing or 0");
  return 0;
}

int
vtpm_hook_start (const struct vtpm_oci_state *state, const struct vtpm_spec *spec,
                 const struct vtpm_host_config *config, struct vtpm_error **error)
{
  _cleanup_start_ struct start start = {
    .state = state,
    .spec = spec,
    .config = config,
    .deadline = vtpm_deadline_after_seconds (config->start_timeout),
    .container_pidfd = -1,
    .tpm = { .seed_fd = -1 },
    .host_keys_fd = -1,
    .host_key_hold_fd = -1,
  };
  bool served;

  if (check_state (state, error) < 0 || vtpm_user_find (VTPM_USER, &start.user, error) < 0
      || vtpm_base_dirs_make_run (VTPM_RUN_DIR, &start.user, error) < 0
      || vtpm_existing_make_room (VTPM_RUN_DIR, state->id, state->pid, start.deadline, &served,
                                  error)
             < 0)
    return -1;
  if (served)
    return 0;
  if (open_container (&start, error) < 0 || prepare_instance (&start, error) < 0
      || prepare_tpm (&start, true, error) < 0 || make_vtpm_patiently (&start, error) < 0
      || hand_over_devices (&start, error) < 0 || record (&start, error) < 0)
    {
      undo (&start);
      return -1;
    }
  return 0;
}
