/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "request_loop.h"

#include <string.h>
#include <sys/select.h>

#include "channel.h"
#include "fault_points.h"
#include "log.h"
#include "protocol.h"

struct vtpm_request_loop
{
  struct vtpm_request_loop_settings settings;
  struct vtpm_committer committer;
  struct vtpm_journaled_tpm *tpm; /* NULL in failure mode */
  int server_fd;                  /* -1 once it is gone */
  bool stop_asked;
  bool supervisor_gone;
};

static int
lose_server (struct vtpm_request_loop *loop, struct vtpm_error **error)
{
  loop->server_fd = -1;
  return vtpm_channel_send (loop->settings.channel_fd, VTPM_EMULATOR_SERVER_GONE, NULL, 0, error);
}

static bool
means_gone (int errnum)
{
  return errnum == EPIPE || errnum == ECONNRESET;
}

/* One write(2), always: for the vTPM proxy each write is a whole response.  */
static int
send_response (struct vtpm_request_loop *loop, const struct vtpm_response *response,
               struct vtpm_error **error)
{
  ssize_t written;

  if (response->size == 0 || loop->server_fd < 0)
    return 0;
  do
    written = write (loop->server_fd, response->data, response->size);
  while (written < 0 && errno == EINTR);
  if (written >= 0)
    return 0;
  if (means_gone (errno))
    return lose_server (loop, error);
  if (errno != EIO)
    return vtpm_error_set (error, errno, "cannot write a response of %zu bytes", response->size);
  vtpm_log (VTPM_LOG_DEBUG, "nobody waits for the response any more");
  return 0;
}

/* *SIZE is 0 when there is no command after all.  */
static int
read_command (struct vtpm_request_loop *loop, uint8_t *buffer, size_t *size,
              struct vtpm_error **error)
{
  ssize_t got = read (loop->server_fd, buffer, VTPM_JOURNAL_COMMAND_SIZE);

  *size = got > 0 ? (size_t) got : 0;
  if (got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN)))
    return 0;
  if (got == 0 || means_gone (errno))
    return lose_server (loop, error);
  return vtpm_error_set (error, errno, "cannot read a command");
}

static int
serve_request (struct vtpm_request_loop *loop, struct vtpm_error **error)
{
  struct vtpm_response response;
  size_t size;

  if (read_command (loop, vtpm_journaled_tpm_begin_read (loop->tpm), &size, error) < 0)
    return -1;
  if (size == 0)
    return 0;
  if (!vtpm_journaled_tpm_take (loop->tpm, size)
      && vtpm_channel_send (loop->settings.channel_fd, VTPM_EMULATOR_BUSY, NULL, 0, error) < 0)
    return -1;
  if (vtpm_journaled_tpm_execute (loop->tpm, &response, error) < 0)
    return -1;
  /* An answer that was not committed must not get out.  */
  if (loop->supervisor_gone)
    return 0;
  if (send_response (loop, &response, error) < 0)
    return -1;
  vtpm_journaled_tpm_sent (loop->tpm);
  return 0;
}

static int
refuse_command (struct vtpm_request_loop *loop, struct vtpm_error **error)
{
  struct vtpm_response response;

  vtpm_response_refuse (loop->settings.version, VTPM_TPM_REFUSE_FAILURE, &response);
  return send_response (loop, &response, error);
}

/* The kernel's own set-locality has to succeed, or the device does not answer at
   all.  */
static int
refuse_request (struct vtpm_request_loop *loop, struct vtpm_error **error)
{
  uint8_t command[VTPM_JOURNAL_COMMAND_SIZE];
  struct vtpm_response response;
  size_t size;
  uint8_t locality;

  if (read_command (loop, command, &size, error) < 0)
    return -1;
  if (size == 0)
    return 0;
  if (!vtpm_tpm_is_set_locality (command, size, &locality))
    return refuse_command (loop, error);
  vtpm_response_succeed (loop->settings.version, &response);
  return send_response (loop, &response, error);
}

/* *MESSAGE is one that is not a stop, or there is none (false).  */
static int
hear_supervisor (struct vtpm_request_loop *loop, struct vtpm_message *message, bool *other,
                 struct vtpm_error **error)
{
  *other = false;
  switch (vtpm_channel_receive (loop->settings.channel_fd, message, error))
    {
    case VTPM_RECEIVE_CLOSED:
      loop->supervisor_gone = true;
      return 0;
    case VTPM_RECEIVE_WOULD_BLOCK:
      return 0;
    case VTPM_RECEIVE_MESSAGE:
      break;
    case VTPM_RECEIVE_FAILED:
    default:
      return vtpm_error_wrap (error, "supervisor");
    }
  if (message->type == VTPM_EMULATOR_STOP && message->length == 0)
    loop->stop_asked = true;
  else
    *other = true;
  return 0;
}

static int
refuse_message (const struct vtpm_message *message, struct vtpm_error **error)
{
  return vtpm_error_set_plain (error, EPROTO, "message 0x%x with %zu bytes from the supervisor",
                               message->type, message->length);
}

/* A stop may come in between.  With the supervisor gone nothing is durable; this
   process ends, and never answers the command.  */
static int
ask_for_commit (void *context, uint64_t version, bool *durable, struct vtpm_error **error)
{
  struct vtpm_request_loop *loop = context;
  struct vtpm_message message;
  bool other = false;

  if (vtpm_channel_send (loop->settings.channel_fd, VTPM_EMULATOR_COMMIT, &version,
                         sizeof (version), error)
      < 0)
    return -1;
  vtpm_fault_meet (VTPM_FAULT_COMMIT_ASKED);
  while (!other && !loop->supervisor_gone)
    if (hear_supervisor (loop, &message, &other, error) < 0)
      return -1;
  *durable = other && message.type == VTPM_EMULATOR_COMMITTED;
  if (other && message.type != VTPM_EMULATOR_COMMITTED
      && message.type != VTPM_EMULATOR_NOT_COMMITTED)
    return refuse_message (&message, error);
  return 0;
}

static int
show_certificate (void *context, enum vtpm_key_type type, const uint8_t *certificate, size_t size,
                  struct vtpm_error **error)
{
  const struct vtpm_request_loop *loop = context;
  uint8_t message[1 + VTPM_CERTIFICATE_MAX];

  message[0] = (uint8_t) type;
  memcpy (message + 1, certificate, size);
  return vtpm_channel_send (loop->settings.channel_fd, VTPM_EMULATOR_EK, message, 1 + size, error);
}

static int
serve_supervisor (struct vtpm_request_loop *loop, struct vtpm_error **error)
{
  struct vtpm_message message;
  bool other;

  if (hear_supervisor (loop, &message, &other, error) < 0)
    return -1;
  return other ? refuse_message (&message, error) : 0;
}

/* select, not poll: poll(2) refuses more descriptors than RLIMIT_NOFILE says
   (EINVAL), and the sandbox sets that to 0.  A hangup makes a descriptor
   readable; what read(2) then says tells the rest.  */
static int
wait_for_input (const struct vtpm_request_loop *loop, fd_set *readable, struct vtpm_error **error)
{
  int channel_fd = loop->settings.channel_fd;
  int highest = loop->server_fd > channel_fd ? loop->server_fd : channel_fd;
  int ready;

  do
    {
      FD_ZERO (readable);
      FD_SET (channel_fd, readable);
      if (loop->server_fd >= 0)
        FD_SET (loop->server_fd, readable);
      ready = select (highest + 1, readable, NULL, NULL, NULL);
    }
  while (ready < 0 && errno == EINTR);
  if (ready < 0)
    return vtpm_error_set (error, errno, "cannot wait for a command");
  return 0;
}

/* Until the supervisor wants no more.  */
static int
serve (struct vtpm_request_loop *loop,
       int (*serve_command) (struct vtpm_request_loop *loop, struct vtpm_error **error),
       struct vtpm_error **error)
{
  while (!loop->stop_asked && !loop->supervisor_gone)
    {
      fd_set readable;

      if (wait_for_input (loop, &readable, error) < 0)
        return -1;
      /* The supervisor first: a container that never pauses cannot put off the
         order to stop.  */
      if (FD_ISSET (loop->settings.channel_fd, &readable))
        {
          if (serve_supervisor (loop, error) < 0)
            return -1;
        }
      else if (loop->server_fd >= 0 && FD_ISSET (loop->server_fd, &readable)
               && serve_command (loop, error) < 0)
        return -1;
    }
  return 0;
}

int
vtpm_request_loop_open (const struct vtpm_request_loop_settings *settings,
                        struct vtpm_request_loop **loop, struct vtpm_error **error)
{
  _cleanup_request_loop_ struct vtpm_request_loop *made = calloc (1, sizeof (*made));

  if (made == NULL)
    return vtpm_error_set (error, ENOMEM, "cannot serve");
  made->settings = *settings;
  made->server_fd = settings->server_fd;
  made->committer = (struct vtpm_committer) { .commit = ask_for_commit, .context = made };
  const struct vtpm_ek_listener listener = { .hear = show_certificate, .context = made };
  const struct vtpm_journaled_tpm_settings tpm = {
    .version = settings->version,
    .journal = settings->journal,
    .committer = settings->persistent ? &made->committer : NULL,
    .pcr_banks = settings->pcr_banks,
    .eks = settings->eks,
    .ek_listener = &listener,
    .refuse = settings->refuse,
  };
  if (vtpm_journaled_tpm_open (&tpm, &made->tpm, error) < 0)
    return -1;
  *loop = vtpm_steal_pointer (&made);
  return 0;
}

void
vtpm_request_loop_close (struct vtpm_request_loop *loop)
{
  if (loop == NULL)
    return;
  vtpm_journaled_tpm_close (loop->tpm);
  free (loop);
}

static int
finish_pending (struct vtpm_request_loop *loop, struct vtpm_error **error)
{
  struct vtpm_response response;
  bool pending;

  if (vtpm_journaled_tpm_finish_pending (loop->tpm, &pending, &response, error) < 0)
    return -1;
  if (!pending || loop->supervisor_gone)
    return 0;
  if (send_response (loop, &response, error) < 0)
    return -1;
  vtpm_journaled_tpm_sent (loop->tpm);
  return 0;
}

int
vtpm_request_loop_run (struct vtpm_request_loop *loop, struct vtpm_error **error)
{
  if (finish_pending (loop, error) < 0 || serve (loop, serve_request, error) < 0)
    return -1;
  if (loop->supervisor_gone)
    return 0;
  if (vtpm_journaled_tpm_shut_down (loop->tpm, error) < 0)
    return -1;
  return vtpm_channel_send (loop->settings.channel_fd, VTPM_EMULATOR_STOPPED, NULL, 0, error);
}

int
vtpm_request_loop_fail (const struct vtpm_request_loop_settings *settings,
                        struct vtpm_error **error)
{
  struct vtpm_request_loop loop = { .settings = *settings, .server_fd = settings->server_fd };

  if ((settings->refuse != 0 && refuse_command (&loop, error) < 0)
      || serve (&loop, refuse_request, error) < 0)
    return -1;
  return loop.supervisor_gone
             ? 0
             : vtpm_channel_send (settings->channel_fd, VTPM_EMULATOR_STOPPED, NULL, 0, error);
}
