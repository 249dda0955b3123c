/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "transport.h"

#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>
#include <tss2/tss2_tpm2_types.h>

#include "command_names.h"
#include "deadline.h"

/* Of no importance; "vtpmtest".  */
#define TCTI_MAGIC 0x7674706d74657374u

struct transport
{
  TSS2_TCTI_CONTEXT_COMMON_V1 common; /* first: ESYS is given its address */
  const char *path;
  enum transport_way way;
  TSS2_TCTI_CONTEXT *tcti; /* of TRANSPORT_TCTI */
  int fd;                  /* of TRANSPORT_PLAIN */
  struct vtpm_error *problem;
  uint32_t code; /* of the command under way */
  struct timespec sent;
  struct transport_counts counts;
  progress_counter *progress; /* NULL: nobody looks */
  uint64_t acknowledged[COMMAND_CODE_COUNT];
};

static int
open_device (struct transport *transport, struct vtpm_error **error)
{
  char name[256];
  TSS2_RC rc;

  if (transport->way == TRANSPORT_PLAIN)
    {
      transport->fd = open (transport->path, O_RDWR | O_CLOEXEC);
      return transport->fd >= 0 ? 0
                                : vtpm_error_set (error, errno, "cannot open %s", transport->path);
    }
  snprintf (name, sizeof (name), "%s%s", transport->path[0] == '/' ? "device:" : "",
            transport->path);
  rc = Tss2_TctiLdr_Initialize (name, &transport->tcti);
  if (rc != TSS2_RC_SUCCESS)
    return vtpm_error_set_plain (error, EIO, "cannot open %s: %s", transport->path,
                                 Tss2_RC_Decode (rc));
  return 0;
}

static void
close_device (struct transport *transport)
{
  if (transport->tcti != NULL)
    Tss2_TctiLdr_Finalize (&transport->tcti);
  vtpm_cleanup_close (&transport->fd);
  vtpm_error_free (vtpm_steal_pointer (&transport->problem));
}

/* What ends a device's use is kept, for those who see a mere code of it.  */
static int
fail (struct transport *transport, struct vtpm_error **error)
{
  if (transport->problem == NULL)
    vtpm_error_set_plain (&transport->problem, vtpm_error_errnum (*error), "%s",
                          vtpm_error_message (*error));
  return -1;
}

static int
send_command (struct transport *transport, const uint8_t *command, size_t size,
              struct vtpm_error **error)
{
  struct vtpm_tpm_header header = { 0 };

  vtpm_tpm_header_read (command, size, &header);
  transport->code = header.code;
  clock_gettime (CLOCK_MONOTONIC, &transport->sent);
  if (transport->way == TRANSPORT_PLAIN)
    {
      ssize_t written = write (transport->fd, command, size);

      if (written == (ssize_t) size)
        return 0;
      vtpm_error_set (error, written < 0 ? errno : EIO, "%s: cannot send %s", transport->path,
                      command_name (header.code));
    }
  else
    {
      TSS2_RC rc = Tss2_Tcti_Transmit (transport->tcti, size, command);

      if (rc == TSS2_RC_SUCCESS)
        return 0;
      vtpm_error_set_plain (error, EIO, "%s: cannot send %s: %s", transport->path,
                            command_name (header.code), Tss2_RC_Decode (rc));
    }
  return fail (transport, error);
}

static bool
asks_to_send_again (uint32_t code)
{
  return code == TPM2_RC_RETRY || code == TPM2_RC_YIELDED || code == TPM2_RC_TESTING;
}

static void
count (struct transport *transport, uint32_t code)
{
  struct timespec now;
  uint64_t took;

  clock_gettime (CLOCK_MONOTONIC, &now);
  took = (uint64_t) ((now.tv_sec - transport->sent.tv_sec) * 1000000000LL + now.tv_nsec
                     - transport->sent.tv_nsec);
  if (took > transport->counts.longest_ns)
    transport->counts.longest_ns = took;
  if (asks_to_send_again (code))
    transport->counts.retries++;
  else if (code != TPM2_RC_SUCCESS)
    transport->counts.refused++;
  else
    {
      transport->counts.acknowledged++;
      if (transport->progress != NULL)
        atomic_fetch_add (transport->progress, 1);
      if (command_index (transport->code) < COMMAND_CODE_COUNT)
        transport->acknowledged[command_index (transport->code)]++;
    }
}

static int
receive_response (struct transport *transport, uint8_t *response, size_t *size,
                  struct vtpm_error **error)
{
  struct vtpm_tpm_header header;

  if (transport->way == TRANSPORT_PLAIN)
    {
      ssize_t got = read (transport->fd, response, *size);

      if (got < 0)
        {
          vtpm_error_set (error, errno, "%s: no response to %s", transport->path,
                          command_name (transport->code));
          return fail (transport, error);
        }
      *size = (size_t) got;
    }
  else
    {
      TSS2_RC rc = Tss2_Tcti_Receive (transport->tcti, size, response, TSS2_TCTI_TIMEOUT_BLOCK);

      if (rc != TSS2_RC_SUCCESS)
        {
          vtpm_error_set_plain (error, EIO, "%s: no response to %s: %s", transport->path,
                                command_name (transport->code), Tss2_RC_Decode (rc));
          return fail (transport, error);
        }
    }
  if (!vtpm_tpm_header_read (response, *size, &header) || header.size != *size)
    {
      vtpm_error_set_plain (error, EPROTO, "%s: %zu bytes are no response to %s", transport->path,
                            *size, command_name (transport->code));
      return fail (transport, error);
    }
  count (transport, header.code);
  return 0;
}

int
transport_execute (struct transport *transport, const struct bytes *command, struct bytes *response,
                   struct vtpm_error **error)
{
  struct vtpm_tpm_header header;

  do
    {
      response->size = sizeof (response->data);
      if (send_command (transport, command->data, command->size, error) < 0
          || receive_response (transport, response->data, &response->size, error) < 0)
        return -1;
      vtpm_tpm_header_read (response->data, response->size, &header);
    }
  while (asks_to_send_again (header.code));
  return 0;
}

static TSS2_RC
tcti_transmit (TSS2_TCTI_CONTEXT *context, size_t size, const uint8_t *command)
{
  _cleanup_error_ struct vtpm_error *error = NULL;

  return send_command ((struct transport *) context, command, size, &error) < 0
             ? TSS2_TCTI_RC_IO_ERROR
             : TSS2_RC_SUCCESS;
}

static TSS2_RC
tcti_receive (TSS2_TCTI_CONTEXT *context, size_t *size, uint8_t *response, int32_t timeout)
{
  _cleanup_error_ struct vtpm_error *error = NULL;

  (void) timeout;
  if (response == NULL) /* asks how much room the response needs */
    {
      *size = VTPM_TPM_MESSAGE_MAX;
      return TSS2_RC_SUCCESS;
    }
  return receive_response ((struct transport *) context, response, size, &error) < 0
             ? TSS2_TCTI_RC_IO_ERROR
             : TSS2_RC_SUCCESS;
}

int
transport_open (const char *path, enum transport_way way, struct transport **transport,
                struct vtpm_error **error)
{
  _cleanup_transport_ struct transport *made = calloc (1, sizeof (*made));

  if (made == NULL)
    return vtpm_error_set (error, ENOMEM, "%s", path);
  made->common = (TSS2_TCTI_CONTEXT_COMMON_V1){
    .magic = TCTI_MAGIC,
    .version = 1,
    .transmit = tcti_transmit,
    .receive = tcti_receive,
  };
  made->path = path;
  made->way = way;
  made->fd = -1;
  if (open_device (made, error) < 0)
    return -1;
  *transport = vtpm_steal_pointer (&made);
  return 0;
}

void
transport_free (struct transport *transport)
{
  if (transport == NULL)
    return;
  close_device (transport);
  free (transport);
}

static int
watch_directory_of (const char *path, int *fd, struct vtpm_error **error)
{
  char directory[256];

  snprintf (directory, sizeof (directory), "%s", path);
  *fd = inotify_init1 (IN_CLOEXEC | IN_NONBLOCK);
  if (*fd < 0 || inotify_add_watch (*fd, dirname (directory), IN_CREATE | IN_MOVED_TO) < 0)
    return vtpm_error_set (error, errno, "cannot watch the directory of %s", path);
  return 0;
}

int
transport_reopen (struct transport *transport, unsigned int seconds, struct vtpm_error **error)
{
  vtpm_deadline deadline = vtpm_deadline_after_seconds (seconds);
  _cleanup_close_ int watch = -1;

  close_device (transport);
  if (watch_directory_of (transport->path, &watch, error) < 0)
    return -1;
  for (;;)
    {
      _cleanup_error_ struct vtpm_error *problem = NULL;
      struct pollfd wait = { .fd = watch, .events = POLLIN };
      char events[4096] __attribute__ ((aligned (__alignof__(struct inotify_event))));

      if (open_device (transport, &problem) == 0)
        return 0;
      if (poll (&wait, 1, vtpm_deadline_left (deadline)) == 0)
        return vtpm_error_pass (error, &problem);
      if (read (watch, events, sizeof (events)) < 0 && errno != EAGAIN && errno != EINTR)
        return vtpm_error_set (error, errno, "cannot read events");
    }
}

TSS2_TCTI_CONTEXT *
transport_tcti (struct transport *transport)
{
  return (TSS2_TCTI_CONTEXT *) &transport->common;
}

bool
transport_broken (const struct transport *transport)
{
  return transport->problem != NULL;
}

const char *
transport_problem (const struct transport *transport)
{
  return transport->problem != NULL ? vtpm_error_message (transport->problem) : "";
}

const struct transport_counts *
transport_counts (const struct transport *transport)
{
  return &transport->counts;
}

void
transport_show_progress (struct transport *transport, progress_counter *counter)
{
  transport->progress = counter;
}

void
transport_each_command (const struct transport *transport,
                        void (*visit) (const char *name, uint64_t acknowledged, void *data),
                        void *data)
{
  for (size_t i = 0; i < COMMAND_CODE_COUNT; i++)
    if (transport->acknowledged[i] > 0)
      visit (command_name (command_code (i)), transport->acknowledged[i], data);
}
