/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <fcntl.h>
#include <time.h>

#include "log.h"
#include "protocol.h"
#include "supervisor_internal.h"

/* How often an emulator may die while it is to shut its TPM down.  */
#define STOP_RESTARTS_MAX 3u

/* When an emulator that only answers TPM_RC_FAILURE dies, which needs no hurry.  */
#define FAILING_DELAY 1000

/* Milliseconds; 0 of a clock that is not there.  */
static int64_t
read_clock (clockid_t clock)
{
  struct timespec now = { 0, 0 };

  clock_gettime (clock, &now);
  return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Of a clock that never jumps.  */
static int64_t
get_now (void)
{
  return read_clock (CLOCK_MONOTONIC);
}

static void
handle_restart_timer (void *context)
{
  vtpm_supervisor_take_event (context, VTPM_EVENT_RESTART_DUE);
}

static void
handle_watch_timer (void *context)
{
  vtpm_supervisor_look_after_emulator (context);
}

/* The program is opened once: what is found under its path later, after an
   upgrade, is another one.  */
int
vtpm_supervisor_open_restarts (struct supervisor *supervisor, struct vtpm_error **error)
{
  const struct vtpm_supervisor_settings *settings = supervisor->settings;

  vtpm_restart_policy_init (&supervisor->policy, settings->restarts_per_minute, get_now ());
  supervisor->program_fd = open (settings->emulator, O_PATH | O_CLOEXEC);
  if (supervisor->program_fd < 0)
    return vtpm_error_set (error, errno, "cannot open %s", settings->emulator);
  if (vtpm_event_timer_open (&supervisor->loop, &supervisor->restart_timer, handle_restart_timer,
                             supervisor, error)
      < 0)
    return -1;
  return vtpm_event_timer_open (&supervisor->loop, &supervisor->watch_timer, handle_watch_timer,
                                supervisor, error);
}

static int
watch_emulator (struct supervisor *supervisor, struct vtpm_error **error)
{
  if (vtpm_supervisor_watch (supervisor, &supervisor->emulator_channel,
                             supervisor->emulator.channel_fd,
                             vtpm_supervisor_handle_emulator_channel, error)
      < 0)
    return -1;
  return vtpm_supervisor_watch (supervisor, &supervisor->emulator_exit,
                                supervisor->emulator.pidfd, vtpm_supervisor_handle_emulator_exit,
                                error);
}

/* One that nobody watches is of no use.  */
static void
discard_emulator (struct supervisor *supervisor)
{
  char how[128];

  vtpm_emulator_process_kill (&supervisor->emulator);
  vtpm_emulator_process_reap (&supervisor->emulator, how, sizeof (how));
  vtpm_event_loop_drop (&supervisor->loop, &supervisor->emulator_channel);
  vtpm_event_loop_drop (&supervisor->loop, &supervisor->emulator_exit);
}

static int
start (struct supervisor *supervisor, bool failure_mode, struct vtpm_error **error)
{
  const struct vtpm_supervisor_settings *settings = supervisor->settings;
  const struct vtpm_emulator_start emulator = {
    .program_fd = supervisor->program_fd,
    .program = settings->emulator,
    .version = settings->version,
    .server_fd = vtpm_supervisor_emulator_end (supervisor),
    .journal_fd = supervisor->journal_fd,
    .persistent = supervisor->store != NULL,
    .failure_mode = failure_mode,
    .pcr_banks = settings->pcr_banks,
    .eks = settings->eks,
    .refuse = failure_mode ? vtpm_supervisor_client_waits (supervisor) : supervisor->refuse,
    .log_level = settings->log_level,
  };

  supervisor->condemned = false;
  if (vtpm_emulator_process_start (&emulator, &supervisor->emulator, error) < 0)
    return -1;
  if (watch_emulator (supervisor, error) < 0)
    {
      discard_emulator (supervisor);
      return -1;
    }
  vtpm_supervisor_resume_device (supervisor, failure_mode);
  return vtpm_event_timer_stop (&supervisor->restart_timer, error);
}

int
vtpm_supervisor_start_emulator (struct supervisor *supervisor, struct vtpm_error **error)
{
  return start (supervisor, false, error);
}

/* 0 for one that is gone.  */
static int64_t
get_processor_time (pid_t pid)
{
  clockid_t clock;

  return pid > 0 && clock_getcpuclockid (pid, &clock) == 0 ? read_clock (clock) : 0;
}

static struct vtpm_watchdog_sample
get_sample (const struct supervisor *supervisor)
{
  struct vtpm_watchdog_sample sample = {
    .now = get_now (),
    .cpu = get_processor_time (supervisor->emulator.pid),
  };

  sample.number = vtpm_journal_get_work (supervisor->journal, &sample.allowance);
  return sample;
}

/* Before it stops watching it says so and looks once more: a command that was
   taken meanwhile is either seen or announced (VTPM_EMULATOR_BUSY).  */
void
vtpm_supervisor_look_after_emulator (struct supervisor *supervisor)
{
  struct vtpm_watchdog_sample sample = get_sample (supervisor);
  int64_t next;

  if (sample.number == 0)
    {
      vtpm_journal_set_watched (supervisor->journal, false);
      sample = get_sample (supervisor);
    }
  switch (vtpm_watchdog_look (&supervisor->watchdog, &sample, &next))
    {
    case VTPM_WATCHDOG_IDLE:
      return;
    case VTPM_WATCHDOG_LOOK:
      vtpm_journal_set_watched (supervisor->journal, true);
      vtpm_event_timer_set (&supervisor->watch_timer, next, NULL);
      return;
    case VTPM_WATCHDOG_HUNG:
      vtpm_supervisor_note_reason (supervisor, "the emulator hangs", "");
      vtpm_supervisor_take_event (supervisor, VTPM_EVENT_EMULATOR_HUNG);
    }
}

/* The number of the command that somebody waits for, 0 if nobody does.  */
static uint64_t
get_pending (const struct vtpm_journal_marks *marks)
{
  if (marks->taken != marks->sent)
    return marks->taken;
  return marks->reading != marks->taken && marks->delivered ? marks->reading : 0;
}

void
vtpm_supervisor_note_death (struct supervisor *supervisor, bool killed)
{
  struct vtpm_journal_marks marks;
  struct vtpm_restart_plan plan;
  struct vtpm_death death = {
    .now = get_now (),
    .from_within = supervisor->condemned || !killed,
  };

  /* The next emulator's allowance begins with itself.  */
  vtpm_journal_set_watched (supervisor->journal, false);
  vtpm_event_timer_stop (&supervisor->watch_timer, NULL);
  supervisor->watchdog = (struct vtpm_watchdog) { 0 };
  vtpm_journal_get_marks (supervisor->journal, &marks);
  death.number = get_pending (&marks);
  death.sent = marks.sent;
  plan = vtpm_restart_policy_plan (&supervisor->policy, &death);
  supervisor->died_at = death.now;
  /* In failure mode it has been answered with TPM_RC_FAILURE.  */
  supervisor->refuse = supervisor->resuming ? death.number : plan.refuse;
  supervisor->resuming = false;
  supervisor->restart_delay = plan.give_up ? -1 : (int) plan.delay;
}

int
vtpm_supervisor_restart_emulator (struct supervisor *supervisor, struct vtpm_error **error)
{
  if (vtpm_supervisor_start_emulator (supervisor, error) == 0)
    return 0;
  vtpm_supervisor_note_death (supervisor, false);
  return -1;
}

int
vtpm_supervisor_kill_emulator (struct supervisor *supervisor, struct vtpm_error **error)
{
  (void) error;
  supervisor->condemned = true;
  vtpm_emulator_process_kill (&supervisor->emulator);
  return 0;
}

int
vtpm_supervisor_plan_restart (struct supervisor *supervisor, struct vtpm_error **error)
{
  if (supervisor->restart_delay < 0)
    vtpm_supervisor_take_event (supervisor, VTPM_EVENT_RESTARTS_EXHAUSTED);
  else if (supervisor->restart_delay == 0)
    vtpm_supervisor_take_event (supervisor, VTPM_EVENT_RESTART_DUE);
  else
    return vtpm_event_timer_set (&supervisor->restart_timer, supervisor->restart_delay, error);
  return 0;
}

int
vtpm_supervisor_report_restart (struct supervisor *supervisor, struct vtpm_error **error)
{
  (void) error;
  supervisor->restarts++;
  vtpm_log (VTPM_LOG_WARNING, "%s: another emulator goes on with the TPM, %jd ms later",
            supervisor->reason, (intmax_t) (get_now () - supervisor->died_at));
  supervisor->reason[0] = '\0';
  vtpm_supervisor_look_after_emulator (supervisor);
  return 0;
}

int
vtpm_supervisor_fail_tpm (struct supervisor *supervisor, struct vtpm_error **error)
{
  vtpm_log (VTPM_LOG_ERROR,
            "%s: more than %u emulators have died in a minute; the TPM answers TPM_RC_FAILURE "
            "until `vtpmctl resume`",
            supervisor->reason, supervisor->settings->restarts_per_minute);
  return start (supervisor, true, error);
}

int
vtpm_supervisor_plan_failing (struct supervisor *supervisor, struct vtpm_error **error)
{
  return vtpm_event_timer_set (&supervisor->restart_timer, FAILING_DELAY, error);
}

int
vtpm_supervisor_start_failing (struct supervisor *supervisor, struct vtpm_error **error)
{
  return start (supervisor, true, error);
}

int
vtpm_supervisor_resume (struct supervisor *supervisor, struct vtpm_error **error)
{
  vtpm_log (VTPM_LOG_INFO, "leaves failure mode");
  vtpm_restart_policy_init (&supervisor->policy, supervisor->settings->restarts_per_minute,
                            get_now ());
  supervisor->resuming = true;
  if (supervisor->emulator.pid > 0)
    return vtpm_supervisor_kill_emulator (supervisor, error);
  vtpm_supervisor_note_death (supervisor, false);
  return vtpm_supervisor_plan_restart (supervisor, error);
}

int
vtpm_supervisor_restart_to_stop (struct supervisor *supervisor, struct vtpm_error **error)
{
  if (++supervisor->stop_restarts > STOP_RESTARTS_MAX)
    return vtpm_error_set_plain (error, ECHILD, "%u emulators have died of the shutdown",
                                 supervisor->stop_restarts);
  if (start (supervisor, false, error) < 0)
    return -1;
  return vtpm_channel_send (supervisor->emulator_channel.fd, VTPM_EMULATOR_STOP, NULL, 0, error);
}
