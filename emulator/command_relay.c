/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "command_relay.h"

#include <string.h>
#include <sys/socket.h>

#include "log.h"
#include "tpm_header.h"

enum command_state
{
  NONE,
  WAITS_FOR_EMULATOR,
  PASSED_ON,
};

struct vtpm_command_relay
{
  void (*answer) (void *context, const uint8_t *response, size_t size);
  void *context;
  int ours;
  int theirs; /* the emulator's end; ours too, since the next one needs it */
  bool has_emulator;
  enum command_state state;
  uint8_t command[VTPM_TPM_MESSAGE_MAX];
  size_t size;
};

int
vtpm_command_relay_open (void (*answer) (void *context, const uint8_t *response, size_t size),
                         void *context, struct vtpm_command_relay **relay,
                         struct vtpm_error **error)
{
  struct vtpm_command_relay *made = calloc (1, sizeof (*made));
  int fds[2];

  if (made == NULL)
    return vtpm_error_set (error, ENOMEM, "cannot relay commands");
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
    {
      free (made);
      return vtpm_error_set (error, errno, "cannot make the emulator's server side");
    }
  made->answer = answer;
  made->context = context;
  made->ours = fds[0];
  made->theirs = fds[1];
  *relay = made;
  return 0;
}

void
vtpm_command_relay_close (struct vtpm_command_relay *relay)
{
  if (relay == NULL)
    return;
  vtpm_cleanup_close (&relay->ours);
  vtpm_cleanup_close (&relay->theirs);
  explicit_bzero (relay->command, sizeof (relay->command));
  free (relay);
}

int
vtpm_command_relay_emulator_fd (const struct vtpm_command_relay *relay)
{
  return relay->theirs;
}

int
vtpm_command_relay_response_fd (const struct vtpm_command_relay *relay)
{
  return relay->ours;
}

/* There is at most one command in the socket, so that it always has room.  */
static void
pass_on (struct vtpm_command_relay *relay)
{
  ssize_t sent;

  do
    sent = send (relay->ours, relay->command, relay->size, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent < 0)
    vtpm_log (VTPM_LOG_ERROR, "cannot pass a command on: %s", strerror (errno));
  relay->state = PASSED_ON;
}

void
vtpm_command_relay_submit (struct vtpm_command_relay *relay, const uint8_t *command, size_t size)
{
  memcpy (relay->command, command, size);
  relay->size = size;
  relay->state = WAITS_FOR_EMULATOR;
  if (relay->has_emulator)
    pass_on (relay);
}

/* -1 when there is none.  */
static ssize_t
receive (int fd, uint8_t *message, size_t size)
{
  ssize_t got;

  do
    got = recv (fd, message, size, MSG_DONTWAIT | MSG_TRUNC);
  while (got < 0 && errno == EINTR);
  return got;
}

bool
vtpm_command_relay_take (struct vtpm_command_relay *relay)
{
  uint8_t response[VTPM_TPM_MESSAGE_MAX];
  ssize_t got = receive (relay->ours, response, sizeof (response));

  if (got < 0)
    return false;
  if (relay->state != PASSED_ON)
    {
      vtpm_log (VTPM_LOG_DEBUG, "nobody waits for the response any more");
      return true;
    }
  relay->state = NONE;
  relay->answer (relay->context, response, (size_t) got <= sizeof (response) ? (size_t) got : 0);
  return true;
}

bool
vtpm_command_relay_settle (struct vtpm_command_relay *relay)
{
  uint8_t unread[VTPM_TPM_MESSAGE_MAX];

  relay->has_emulator = false;
  while (vtpm_command_relay_take (relay))
    continue;
  if (relay->state == PASSED_ON && receive (relay->theirs, unread, sizeof (unread)) >= 0)
    relay->state = WAITS_FOR_EMULATOR;
  return relay->state != PASSED_ON;
}

bool
vtpm_command_relay_is_waiting (const struct vtpm_command_relay *relay)
{
  return relay->state != NONE;
}

void
vtpm_command_relay_go_on (struct vtpm_command_relay *relay, bool answers_first)
{
  relay->has_emulator = true;
  if (relay->state != WAITS_FOR_EMULATOR)
    return;
  if (answers_first)
    relay->state = PASSED_ON;
  else
    pass_on (relay);
}
