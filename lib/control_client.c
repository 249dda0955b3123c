/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "control_client.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "channel.h"
#include "names.h"
#include "protocol.h"
#include "rundir.h"

#define REASON_SIZE 512

/* A connect(2) waits while the listener's backlog is full: a supervisor that
   is stopped must not stop us too.  */
static int
limit_waiting (int fd, vtpm_deadline deadline, struct vtpm_error **error)
{
  int left = vtpm_deadline_left (deadline);
  struct timeval limit = { .tv_sec = left / 1000, .tv_usec = (left % 1000) * 1000 + 1 };

  if (setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof (limit)) < 0)
    return vtpm_error_set (error, errno, "cannot limit a socket's waiting");
  return 0;
}

int
vtpm_control_connect (const char *base, const char *id, vtpm_deadline deadline, int *fd,
                      struct vtpm_error **error)
{
  _cleanup_close_ int dir_fd = -1;
  _cleanup_close_ int made = -1;

  if (vtpm_rundir_open (base, id, &dir_fd, error) < 0)
    return -1;
  made = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (made < 0)
    return vtpm_error_set (error, errno, "cannot make a socket");
  if (limit_waiting (made, deadline, error) < 0)
    return -1;
  if (vtpm_rundir_connect (dir_fd, made, error) < 0)
    return vtpm_error_wrap (error, "%s/%s", base, id);
  *fd = vtpm_steal_fd (&made);
  return 0;
}

/* Waits for one message.  Past the deadline even one that is there already is
   too late: a peer that never stops sending must not hold us.  */
static int
receive (int fd, vtpm_deadline deadline, struct vtpm_message *message, bool *closed,
         struct vtpm_error **error)
{
  struct pollfd wait = { .fd = fd, .events = POLLIN };
  int left, ready;

  do
    {
      left = vtpm_deadline_left (deadline);
      ready = left > 0 ? poll (&wait, 1, left) : 0;
    }
  while (ready < 0 && errno == EINTR);
  if (ready < 0)
    return vtpm_error_set (error, errno, "cannot wait for the supervisor");
  if (ready == 0)
    return vtpm_error_set_plain (error, ETIMEDOUT, "the supervisor did not answer in time");

  switch (vtpm_channel_receive (fd, message, error))
    {
    case VTPM_RECEIVE_MESSAGE:
      *closed = false;
      return 0;
    case VTPM_RECEIVE_CLOSED:
      *closed = true;
      return 0;
    case VTPM_RECEIVE_WOULD_BLOCK:
      return vtpm_error_set_plain (error, EAGAIN, "the supervisor did not answer");
    case VTPM_RECEIVE_FAILED:
      break;
    }
  return vtpm_error_wrap (error, "the supervisor's answer");
}

static int
parse_pids (json_object *object, const char *what, struct vtpm_control_status *status,
            struct vtpm_error **error)
{
  static const char *const keys[] = { "containerPid", "supervisorPid", "emulatorPid" };
  pid_t *const pids[] = { &status->container_pid, &status->supervisor_pid, &status->emulator_pid };

  for (size_t i = 0; i < sizeof (pids) / sizeof (pids[0]); i++)
    {
      int64_t pid;

      if (vtpm_json_get_integer (object, what, keys[i], true, 0, INT32_MAX, &pid, error) < 0)
        return -1;
      *pids[i] = (pid_t) pid;
    }
  return 0;
}

static int
parse_instance (json_object *object, const char *what, struct vtpm_control_status *status,
                struct vtpm_error **error)
{
  struct vtpm_instance_id id;
  const char *text = NULL;

  status->instance[0] = '\0';
  if (vtpm_json_get_string (object, what, "instance", false, &text, error) < 0)
    return -1;
  if (text == NULL)
    return 0;
  if (vtpm_instance_id_parse (text, &id, error) < 0)
    return vtpm_error_wrap (error, "%s", what);
  vtpm_instance_id_format (&id, status->instance);
  return 0;
}

static int
parse_status (const struct vtpm_message *message, struct vtpm_control_status *status,
              struct vtpm_error **error)
{
  static const char what[] = "the supervisor's status";
  struct vtpm_control_status parsed = { 0 };
  _cleanup_json_ json_object *object = NULL;
  const char *state;

  if (vtpm_json_parse ((const char *) message->payload, message->length, what, &object, error) < 0
      || vtpm_json_get_string (object, what, "state", true, &state, error) < 0)
    return -1;
  if (strlen (state) >= sizeof (parsed.state))
    return vtpm_error_set_plain (error, EPROTO, "%s: \"state\" is too long", what);
  strcpy (parsed.state, state);
  if (parse_pids (object, what, &parsed, error) < 0
      || parse_instance (object, what, &parsed, error) < 0
      || vtpm_json_get_integer (object, what, "emulatorRestarts", false, 0, INT64_MAX,
                                &parsed.emulator_restarts, error)
             < 0)
    return -1;
  *status = parsed;
  return 0;
}

/* Asks and waits for the one answer.  */
static int
ask (int fd, vtpm_deadline deadline, uint32_t question, struct vtpm_message *answer,
     struct vtpm_error **error)
{
  bool closed;

  if (vtpm_channel_send (fd, question, NULL, 0, error) < 0
      || receive (fd, deadline, answer, &closed, error) < 0)
    return -1;
  if (closed)
    return vtpm_error_set_plain (error, ECONNRESET, "the supervisor has ended");
  return 0;
}

static int
set_unexpected (const struct vtpm_message *message, struct vtpm_error **error)
{
  return vtpm_error_set_plain (error, EPROTO, "the supervisor answered message type %#x",
                               (unsigned int) message->type);
}

int
vtpm_control_get_status (int fd, vtpm_deadline deadline, struct vtpm_control_status *status,
                         struct vtpm_error **error)
{
  struct vtpm_message message;

  if (ask (fd, deadline, VTPM_CONTROL_STATUS, &message, error) < 0)
    return -1;
  return message.type == VTPM_CONTROL_STATUS_IS ? parse_status (&message, status, error)
                                                : set_unexpected (&message, error);
}

int
vtpm_control_resume (int fd, vtpm_deadline deadline, struct vtpm_error **error)
{
  struct vtpm_message message;
  char reason[REASON_SIZE];

  if (ask (fd, deadline, VTPM_CONTROL_RESUME, &message, error) < 0)
    return -1;
  switch (message.type)
    {
    case VTPM_CONTROL_RESUMING:
      return 0;
    case VTPM_CONTROL_REFUSED:
      return vtpm_error_set_plain (
          error, ECANCELED, "%s",
          vtpm_name_quote ((const char *) message.payload, reason, sizeof (reason)));
    default:
      return set_unexpected (&message, error);
    }
}

int
vtpm_control_stop (int fd, vtpm_deadline deadline, struct vtpm_error **error)
{
  _cleanup_error_ struct vtpm_error *problem = NULL;

  if (vtpm_channel_send (fd, VTPM_CONTROL_STOP, NULL, 0, &problem) < 0)
    {
      int errnum = vtpm_error_errnum (problem);

      if (errnum == EPIPE || errnum == ECONNRESET)
        return 0;
      return vtpm_error_pass (error, &problem);
    }
  return vtpm_control_wait_gone (fd, deadline, error);
}

int
vtpm_control_wait_gone (int fd, vtpm_deadline deadline, struct vtpm_error **error)
{
  struct vtpm_message message;
  bool closed;

  do
    if (receive (fd, deadline, &message, &closed, error) < 0)
      return -1;
  while (!closed);
  return 0;
}
