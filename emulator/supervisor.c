/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "supervisor.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "protocol.h"
#include "rundir.h"
#include "supervisor_internal.h"

static void
handle_signals (void *context)
{
  struct supervisor *supervisor = context;
  struct signalfd_siginfo info;

  if (read (supervisor->signals.fd, &info, sizeof (info)) != (ssize_t) sizeof (info))
    return;
  if (info.ssi_signo != SIGCHLD)
    vtpm_supervisor_take_event (supervisor, VTPM_EVENT_STOP_ASKED);
  else if (vtpm_emulator_process_is_stopped (&supervisor->emulator))
    {
      vtpm_supervisor_note_reason (supervisor, "the emulator was stopped by a signal", "");
      vtpm_supervisor_take_event (supervisor, VTPM_EVENT_EMULATOR_HUNG);
    }
}

static void
handle_hook (void *context)
{
  struct supervisor *supervisor = context;
  struct vtpm_message message;

  switch (vtpm_channel_receive (supervisor->hook.fd, &message, NULL))
    {
    case VTPM_RECEIVE_WOULD_BLOCK:
      return;
    case VTPM_RECEIVE_MESSAGE:
      if (message.type == VTPM_START_RECORD)
        {
          supervisor->message = &message;
          vtpm_supervisor_take_event (supervisor, VTPM_EVENT_HOOK_RECORD);
          supervisor->message = NULL;
          return;
        }
      break;
    case VTPM_RECEIVE_CLOSED:
    case VTPM_RECEIVE_FAILED:
      break;
    }
  vtpm_supervisor_take_event (supervisor, VTPM_EVENT_HOOK_GONE);
  vtpm_event_loop_drop (&supervisor->loop, &supervisor->hook);
}

static void
handle_container (void *context)
{
  struct supervisor *supervisor = context;

  vtpm_event_loop_drop (&supervisor->loop, &supervisor->container);
  vtpm_supervisor_take_event (supervisor, VTPM_EVENT_CONTAINER_EXITED);
}

static void
handle_stop_timer (void *context)
{
  vtpm_supervisor_take_event (context, VTPM_EVENT_STOP_TIMEOUT);
}

/* Text from the emulator is an attacker's if it has been broken into: it is
   cut, its unprintable bytes are replaced, and it never starts a line.  */
static void
take_text (const unsigned char *bytes, size_t length, char *text, size_t size)
{
  size_t i;

  for (i = 0; i < length && i < size - 1; i++)
    text[i] = bytes[i] >= ' ' && bytes[i] < 0x7f ? (char) bytes[i] : '?';
  text[i] = '\0';
}

static void
relay_log (const struct vtpm_message *message)
{
  enum vtpm_log_level level = VTPM_LOG_DEBUG;
  char line[VTPM_LOG_LINE_MAX / 2];

  if (message->length == 0)
    return;
  if (message->payload[0] < (unsigned char) VTPM_LOG_DEBUG)
    level = (enum vtpm_log_level) message->payload[0];
  take_text (message->payload + 1, message->length - 1, line, sizeof (line));
  vtpm_log (level, "emulator: %s", line);
}

static void
take_failure (struct supervisor *supervisor, const struct vtpm_message *message)
{
  char text[VTPM_LOG_LINE_MAX / 2];

  take_text (message->payload, message->length, text, sizeof (text));
  vtpm_supervisor_note_reason (supervisor, "emulator", text);
  vtpm_supervisor_take_event (supervisor, VTPM_EVENT_EMULATOR_FAILED);
}

static void
take_commit (struct supervisor *supervisor, const struct vtpm_message *message)
{
  _cleanup_error_ struct vtpm_error *error = NULL;

  if (vtpm_supervisor_commit (supervisor, message, &error) == 0)
    return;
  vtpm_supervisor_note_reason (supervisor, vtpm_error_message (error), "");
  vtpm_supervisor_take_event (supervisor, VTPM_EVENT_EMULATOR_BROKE_PROTOCOL);
}

static void
take_ek (struct supervisor *supervisor, const struct vtpm_message *message)
{
  struct vtpm_error *error = NULL;

  if (vtpm_supervisor_show_ek (supervisor, message, &error) == 0)
    return;
  vtpm_supervisor_note_reason (supervisor, vtpm_error_message (error), "");
  vtpm_error_free (error);
  vtpm_supervisor_take_event (supervisor, VTPM_EVENT_EMULATOR_BROKE_PROTOCOL);
}

/* Every message an emulator may send and what it means; one that is not
   listed ends the emulator.  */
static void
take_emulator_message (struct supervisor *supervisor, const struct vtpm_message *message)
{
  switch (message->type)
    {
    case VTPM_EMULATOR_LOG:
      relay_log (message);
      return;
    case VTPM_EMULATOR_READY:
      vtpm_supervisor_take_event (supervisor, VTPM_EVENT_EMULATOR_READY);
      return;
    case VTPM_EMULATOR_FAILED:
      take_failure (supervisor, message);
      return;
    case VTPM_EMULATOR_SERVER_GONE:
      vtpm_supervisor_take_event (supervisor, VTPM_EVENT_SERVER_GONE);
      return;
    case VTPM_EMULATOR_STOPPED:
      vtpm_supervisor_take_event (supervisor, VTPM_EVENT_EMULATOR_STOPPED);
      return;
    case VTPM_EMULATOR_COMMIT:
      take_commit (supervisor, message);
      return;
    case VTPM_EMULATOR_EK:
      take_ek (supervisor, message);
      return;
    case VTPM_EMULATOR_BUSY:
      vtpm_supervisor_look_after_emulator (supervisor);
      return;
    default:
      vtpm_supervisor_take_event (supervisor, VTPM_EVENT_EMULATOR_BROKE_PROTOCOL);
    }
}

/* Takes one message, if there is one.  */
static enum vtpm_receive_result
read_emulator (struct supervisor *supervisor)
{
  struct vtpm_message message;
  enum vtpm_receive_result result
      = vtpm_channel_receive (supervisor->emulator_channel.fd, &message, NULL);

  if (result == VTPM_RECEIVE_MESSAGE)
    take_emulator_message (supervisor, &message);
  else if (result == VTPM_RECEIVE_FAILED)
    vtpm_supervisor_take_event (supervisor, VTPM_EVENT_EMULATOR_BROKE_PROTOCOL);
  return result;
}

/* An emulator without a channel is of no use.  If it is exiting, the kill
   comes too late to change how.  */
void
vtpm_supervisor_handle_emulator_channel (void *context)
{
  struct supervisor *supervisor = context;
  enum vtpm_receive_result result = read_emulator (supervisor);

  if (result == VTPM_RECEIVE_MESSAGE || result == VTPM_RECEIVE_WOULD_BLOCK)
    return;
  vtpm_event_loop_drop (&supervisor->loop, &supervisor->emulator_channel);
  vtpm_emulator_process_kill (&supervisor->emulator);
}

void
vtpm_supervisor_handle_emulator_exit (void *context)
{
  struct supervisor *supervisor = context;
  char how[128];
  bool killed;

  /* Its last words explain its end, and may be noticed after it.  They are all
     there: should another process hold its end of the channel, no more is
     waited for.  */
  while (supervisor->emulator_channel.fd >= 0
         && read_emulator (supervisor) == VTPM_RECEIVE_MESSAGE)
    continue;
  vtpm_event_loop_drop (&supervisor->loop, &supervisor->emulator_channel);
  killed = vtpm_emulator_process_reap (&supervisor->emulator, how, sizeof (how));
  vtpm_event_loop_drop (&supervisor->loop, &supervisor->emulator_exit);
  vtpm_supervisor_settle_device (supervisor);
  if (!supervisor->shut_down_in_order)
    {
      vtpm_supervisor_note_reason (supervisor, "the emulator ended unexpectedly", how);
      vtpm_supervisor_note_death (supervisor, killed);
    }
  vtpm_supervisor_take_event (supervisor, VTPM_EVENT_EMULATOR_EXITED);
}

/* An instance's name needs no escapes (instance_id.h).  */
static void
get_status (void *context, char *text, size_t size)
{
  const struct supervisor *supervisor = context;
  const struct vtpm_supervisor_settings *settings = supervisor->settings;
  char name[VTPM_INSTANCE_ID_TEXT_SIZE] = "";

  if (settings->persistent)
    vtpm_instance_id_format (&settings->instance, name);
  snprintf (text, size,
            "{\"state\":\"%s\",\"tpmVersion\":\"%s\",\"containerPid\":%d,\"supervisorPid\":%d,"
            "\"emulatorPid\":%d,\"emulatorRestarts\":%u%s%s%s}",
            vtpm_supervision_state_name (supervisor->state),
            vtpm_tpm_version_name (settings->version), (int) settings->container_pid,
            (int) getpid (), (int) supervisor->emulator.pid, supervisor->restarts,
            settings->persistent ? ",\"instance\":\"" : "", name,
            settings->persistent ? "\"" : "");
}

static void
handle_stop_request (void *context)
{
  vtpm_supervisor_take_event (context, VTPM_EVENT_STOP_ASKED);
}

static bool
handle_resume_request (void *context, char *why, size_t size)
{
  struct supervisor *supervisor = context;

  if (supervisor->state != VTPM_FAILED)
    {
      snprintf (why, size, "the TPM is not in failure mode: it is %s",
                vtpm_supervision_state_name (supervisor->state));
      return false;
    }
  vtpm_supervisor_take_event (supervisor, VTPM_EVENT_RESUME_ASKED);
  return true;
}

static const struct vtpm_control_ops control_ops = {
  .get_status = get_status,
  .stop = handle_stop_request,
  .resume = handle_resume_request,
};

int
vtpm_supervisor_watch (struct supervisor *supervisor, struct vtpm_event_source *source, int fd,
                       void (*handle) (void *context), struct vtpm_error **error)
{
  *source = (struct vtpm_event_source) { .fd = fd, .handle = handle, .context = supervisor };
  if (fd < 0)
    return vtpm_error_set (error, errno, "cannot make a descriptor to watch");
  return vtpm_event_loop_add (&supervisor->loop, source, error);
}

/* SIGTERM goes to everything when the host shuts down: it means an orderly
   end, for which the emulator is still needed.  SIGCHLD tells of an emulator that
   was stopped: it takes no command, so the watchdog would not notice.  */
static int
open_signals (struct supervisor *supervisor, struct vtpm_error **error)
{
  sigset_t handled;

  signal (SIGPIPE, SIG_IGN);
  signal (SIGHUP, SIG_IGN);
  sigemptyset (&handled);
  sigaddset (&handled, SIGTERM);
  sigaddset (&handled, SIGINT);
  sigaddset (&handled, SIGCHLD);
  if (sigprocmask (SIG_BLOCK, &handled, NULL) < 0)
    return vtpm_error_set (error, errno, "cannot block signals");
  return vtpm_supervisor_watch (supervisor, &supervisor->signals,
                signalfd (-1, &handled, SFD_CLOEXEC | SFD_NONBLOCK), handle_signals, error);
}

static int
open_run_dir (struct supervisor *supervisor, struct vtpm_error **error)
{
  const struct vtpm_supervisor_settings *settings = supervisor->settings;
  int listen_fd;

  if (vtpm_rundir_create (settings->run_dir, settings->container_id, &supervisor->run_dir_fd,
                          error)
          < 0
      || vtpm_rundir_listen (supervisor->run_dir_fd, &listen_fd, error) < 0)
    return -1;
  return vtpm_control_server_open (&supervisor->loop, listen_fd, &control_ops, supervisor,
                                   &supervisor->control, error);
}

static int
open_sources (struct supervisor *supervisor, struct vtpm_error **error)
{
  const struct vtpm_supervisor_settings *settings = supervisor->settings;

  if (fcntl (settings->hook_fd, F_SETFL, O_NONBLOCK) < 0)
    return vtpm_error_set (error, errno, "cannot set up the start channel");
  if (vtpm_event_loop_open (&supervisor->loop, error) < 0 || open_signals (supervisor, error) < 0
      || vtpm_supervisor_watch (supervisor, &supervisor->hook, settings->hook_fd, handle_hook,
                                error)
             < 0
      || vtpm_supervisor_watch (supervisor, &supervisor->container, settings->container_pidfd,
                                handle_container, error)
             < 0)
    return -1;
  return vtpm_event_timer_open (&supervisor->loop, &supervisor->stop_timer, handle_stop_timer,
                                supervisor, error);
}

static int
open_all (struct supervisor *supervisor, struct vtpm_error **error)
{
  if (open_sources (supervisor, error) < 0 || open_run_dir (supervisor, error) < 0
      || vtpm_supervisor_open_state (supervisor, error) < 0
      || vtpm_supervisor_open_device (supervisor, error) < 0
      || vtpm_supervisor_open_restarts (supervisor, error) < 0)
    return -1;
  return vtpm_supervisor_start_emulator (supervisor, error);
}

/* Ends what is left, in an order that lets nobody see a part of it: the
   emulator, then the device, the instance, the directory, and last, by our exit,
   the connections of those who wait for all of this.  */
static void
end (struct supervisor *supervisor)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  const struct vtpm_supervisor_settings *settings = supervisor->settings;
  int server_fd = settings->server_fd;
  char how[128];

  if (supervisor->emulator.pid > 0)
    {
      vtpm_emulator_process_kill (&supervisor->emulator);
      vtpm_emulator_process_reap (&supervisor->emulator, how, sizeof (how));
    }
  if (supervisor->device != NULL)
    vtpm_supervisor_close_device (supervisor);
  else
    vtpm_cleanup_close (&server_fd);
  vtpm_cleanup_close (&supervisor->program_fd);
  vtpm_supervisor_close_state (supervisor);
  if (supervisor->run_dir_fd >= 0
      && vtpm_rundir_remove (settings->run_dir, settings->container_id, supervisor->run_dir_fd,
                             &error)
             < 0)
    vtpm_log (VTPM_LOG_ERROR, "%s", vtpm_error_message (error));
  vtpm_control_server_close (supervisor->control);
  vtpm_event_loop_close (&supervisor->loop);
}

/* The hook may choose another of the pool.  */
static void
fail_start (struct supervisor *supervisor, struct vtpm_error *error)
{
  bool gone = vtpm_error_errnum (error) == EAGAIN && supervisor->settings->pooled != NULL;

  if (!gone)
    {
      vtpm_supervisor_fail (supervisor, error);
      return;
    }
  vtpm_supervisor_note_reason (supervisor, vtpm_error_message (error), "");
  vtpm_error_free (error);
  vtpm_supervisor_take_event (supervisor, VTPM_EVENT_POOLED_GONE);
}

int
vtpm_supervisor_run (const struct vtpm_supervisor_settings *settings, struct vtpm_error **error)
{
  struct supervisor supervisor = {
    .settings = settings,
    .state = VTPM_STARTING,
    .loop = { .epoll_fd = -1 },
    .hook = { .fd = settings->hook_fd },
    .emulator_channel = { .fd = -1 },
    .emulator_exit = { .fd = -1 },
    .questions = { .fd = -1 },
    .responses = { .fd = -1 },
    .run_dir_fd = -1,
    .program_fd = -1,
    .journal_fd = -1,
  };
  struct vtpm_error *problem = NULL;

  if (open_all (&supervisor, &problem) < 0)
    fail_start (&supervisor, vtpm_steal_pointer (&problem));
  while (supervisor.state != VTPM_ENDED)
    if (vtpm_event_loop_run_once (&supervisor.loop, &problem) < 0)
      vtpm_supervisor_fail (&supervisor, vtpm_steal_pointer (&problem));
  end (&supervisor);
  if (!supervisor.shut_down_in_order)
    return vtpm_error_set (error, 0, "ended without an orderly shutdown of the TPM%s%s",
                           supervisor.reason[0] != '\0' ? ": " : "", supervisor.reason);
  vtpm_log (VTPM_LOG_INFO, "the TPM is shut down");
  return 0;
}
