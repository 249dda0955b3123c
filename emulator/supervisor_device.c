/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "supervisor_internal.h"

#include <fcntl.h>

#include "log.h"

/* Of all drivers but vtpmx the client side is in this process.  */

static void
submit_command (void *context, const uint8_t *command, size_t size)
{
  struct supervisor *supervisor = context;

  vtpm_command_relay_submit (supervisor->relay, command, size);
}

static void
answer_client (void *context, const uint8_t *response, size_t size)
{
  struct supervisor *supervisor = context;

  vtpm_device_server_answer (supervisor->device, response, size);
}

static void
handle_question (void *context)
{
  struct supervisor *supervisor = context;

  if (vtpm_device_server_serve (supervisor->device))
    return;
  vtpm_event_loop_drop (&supervisor->loop, &supervisor->questions);
  /* Where the container just ends too, nobody is interested.  */
  if (supervisor->state == VTPM_SERVING)
    vtpm_log (VTPM_LOG_INFO, "the device was unmounted everywhere: the TPM ends");
  vtpm_supervisor_note_reason (supervisor, "the device was removed", "");
  vtpm_supervisor_take_event (supervisor, VTPM_EVENT_SERVER_GONE);
}

static void
handle_responses (void *context)
{
  struct supervisor *supervisor = context;

  vtpm_command_relay_take (supervisor->relay);
}

/* A copy: a source closes what it watches.  */
static int
watch_copy (struct supervisor *supervisor, struct vtpm_event_source *source, int fd,
            void (*handle) (void *context), struct vtpm_error **error)
{
  return vtpm_supervisor_watch (supervisor, source, fcntl (fd, F_DUPFD_CLOEXEC, 0), handle, error);
}

int
vtpm_supervisor_open_device (struct supervisor *supervisor, struct vtpm_error **error)
{
  const struct vtpm_supervisor_settings *settings = supervisor->settings;
  const struct vtpm_device_server_settings device = {
    .fd = settings->server_fd,
    .version = settings->version,
    .device_name = settings->device_name,
    .uid = settings->device_uid,
    .gid = settings->device_gid,
    .mode = settings->device_mode,
  };

  if (!vtpm_device_server_is_needed (settings->driver))
    return 0;
  if (vtpm_command_relay_open (answer_client, supervisor, &supervisor->relay, error) < 0
      || vtpm_device_server_open (settings->driver, &device, submit_command, supervisor,
                                  &supervisor->device, error)
             < 0
      || watch_copy (supervisor, &supervisor->questions,
                      vtpm_device_server_fd (supervisor->device), handle_question, error)
             < 0)
    return -1;
  return watch_copy (supervisor, &supervisor->responses,
                      vtpm_command_relay_response_fd (supervisor->relay), handle_responses, error);
}

void
vtpm_supervisor_close_device (struct supervisor *supervisor)
{
  vtpm_event_loop_drop (&supervisor->loop, &supervisor->questions);
  vtpm_event_loop_drop (&supervisor->loop, &supervisor->responses);
  vtpm_device_server_close (supervisor->device);
  vtpm_command_relay_close (supervisor->relay);
  supervisor->device = NULL;
  supervisor->relay = NULL;
}

int
vtpm_supervisor_emulator_end (const struct supervisor *supervisor)
{
  return supervisor->relay != NULL ? vtpm_command_relay_emulator_fd (supervisor->relay)
                                   : supervisor->settings->server_fd;
}

void
vtpm_supervisor_settle_device (struct supervisor *supervisor)
{
  if (supervisor->relay != NULL && vtpm_command_relay_settle (supervisor->relay))
    vtpm_journal_mark_answered (supervisor->journal);
}

bool
vtpm_supervisor_client_waits (const struct supervisor *supervisor)
{
  return supervisor->relay == NULL || vtpm_command_relay_is_waiting (supervisor->relay);
}

void
vtpm_supervisor_resume_device (struct supervisor *supervisor, bool failure_mode)
{
  if (supervisor->relay != NULL)
    vtpm_command_relay_go_on (supervisor->relay, failure_mode);
}
