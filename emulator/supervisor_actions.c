/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "supervisor_internal.h"

#include "log.h"
#include "protocol.h"
#include "rundir.h"

void
vtpm_supervisor_note_reason (struct supervisor *supervisor, const char *what,
                             const char *detail)
{
  if (supervisor->reason[0] == '\0')
    snprintf (supervisor->reason, sizeof (supervisor->reason), "%s%s%s", what,
              detail[0] != '\0' ? ": " : "", detail);
}

void
vtpm_supervisor_fail (struct supervisor *supervisor, struct vtpm_error *error)
{
  vtpm_supervisor_note_reason (supervisor, vtpm_error_message (error), "");
  vtpm_error_free (error);
  vtpm_supervisor_take_event (supervisor, VTPM_EVENT_ACTION_FAILED);
}

/* Actions.  Each returns -1 with an error to raise VTPM_EVENT_ACTION_FAILED.  */

static int
do_nothing (struct supervisor *supervisor, struct vtpm_error **error)
{
  (void) supervisor;
  (void) error;
  return 0;
}

static int
offer (struct supervisor *supervisor, struct vtpm_error **error)
{
  return vtpm_channel_send (supervisor->hook.fd, VTPM_START_READY, NULL, 0, error);
}

static int
record (struct supervisor *supervisor, struct vtpm_error **error)
{
  const struct vtpm_message *message = supervisor->message;

  if (vtpm_rundir_write_record (supervisor->run_dir_fd, (const char *) message->payload,
                                message->length, error)
          < 0
      || vtpm_channel_send (supervisor->hook.fd, VTPM_START_RECORDED, NULL, 0, error) < 0)
    return -1;
  supervisor->recorded = true;
  vtpm_log (VTPM_LOG_INFO, "TPM %s is in use",
            vtpm_tpm_version_name (supervisor->settings->version));
  return 0;
}

static int
forget_hook (struct supervisor *supervisor, struct vtpm_error **error)
{
  (void) error;
  vtpm_event_loop_drop (&supervisor->loop, &supervisor->hook);
  return 0;
}

/* One that is just dying is followed by another, which is asked again.  */
static int
stop_emulator (struct supervisor *supervisor, struct vtpm_error **error)
{
  const int64_t timeout = (int64_t) supervisor->settings->stop_timeout * 1000;

  vtpm_event_loop_drop (&supervisor->loop, &supervisor->hook);
  if (vtpm_event_timer_set (&supervisor->stop_timer, timeout, error) < 0)
    return -1;
  if (supervisor->emulator.pid == 0)
    return vtpm_supervisor_restart_to_stop (supervisor, error);
  vtpm_channel_send (supervisor->emulator_channel.fd, VTPM_EMULATOR_STOP, NULL, 0, NULL);
  return 0;
}

static int
note_stopped (struct supervisor *supervisor, struct vtpm_error **error)
{
  (void) error;
  supervisor->shut_down_in_order = true;
  return 0;
}

/* The hook gets the reason at once; the run-time directory and the processes
   go while it waits for our end.  */
static int
fail_start (struct supervisor *supervisor, struct vtpm_error **error)
{
  (void) error;
  vtpm_channel_send_text (supervisor->hook.fd, VTPM_START_FAILED, supervisor->reason, NULL);
  return 0;
}

/* The kernel asks a new TPM a few questions and gives it 750 ms for some: on a
   host that is overloaded at the wrong moment a good emulator fails.  */
static int
offer_retry (struct supervisor *supervisor, struct vtpm_error **error)
{
  (void) error;
  vtpm_channel_send_text (supervisor->hook.fd, VTPM_START_DEVICE_DROPPED, supervisor->reason,
                          NULL);
  return 0;
}

static int
report_loss (struct supervisor *supervisor, struct vtpm_error **error)
{
  (void) error;
  vtpm_log (VTPM_LOG_ERROR,
            "%s: the TPM was not shut down in order, and its device is removed",
            supervisor->reason);
  return 0;
}

static int (*const actions[]) (struct supervisor *supervisor, struct vtpm_error **error) = {
  [VTPM_ACTION_NONE] = do_nothing,
  [VTPM_ACTION_OFFER] = offer,
  [VTPM_ACTION_RECORD] = record,
  [VTPM_ACTION_FORGET_HOOK] = forget_hook,
  [VTPM_ACTION_STOP_EMULATOR] = stop_emulator,
  [VTPM_ACTION_NOTE_STOPPED] = note_stopped,
  [VTPM_ACTION_FAIL_START] = fail_start,
  [VTPM_ACTION_OFFER_RETRY] = offer_retry,
  [VTPM_ACTION_REPORT_LOSS] = report_loss,
  [VTPM_ACTION_KILL_EMULATOR] = vtpm_supervisor_kill_emulator,
  [VTPM_ACTION_PLAN_RESTART] = vtpm_supervisor_plan_restart,
  [VTPM_ACTION_START_EMULATOR] = vtpm_supervisor_restart_emulator,
  [VTPM_ACTION_REPORT_RESTART] = vtpm_supervisor_report_restart,
  [VTPM_ACTION_FAIL_TPM] = vtpm_supervisor_fail_tpm,
  [VTPM_ACTION_PLAN_FAILING] = vtpm_supervisor_plan_failing,
  [VTPM_ACTION_START_FAILING] = vtpm_supervisor_start_failing,
  [VTPM_ACTION_RESUME] = vtpm_supervisor_resume,
  [VTPM_ACTION_RESTART_TO_STOP] = vtpm_supervisor_restart_to_stop,
};

void
vtpm_supervisor_take_event (struct supervisor *supervisor, enum vtpm_supervision_event event)
{
  struct vtpm_supervision_step step = vtpm_supervision_step (supervisor->state, event);
  struct vtpm_error *error = NULL;

  vtpm_log (VTPM_LOG_DEBUG, "%s: %s -> %s", vtpm_supervision_event_name (event),
            vtpm_supervision_state_name (supervisor->state),
            vtpm_supervision_state_name (step.next));
  supervisor->state = step.next;
  if (step.next == VTPM_ENDED && !supervisor->shut_down_in_order)
    vtpm_supervisor_note_reason (supervisor, vtpm_supervision_event_name (event), "");
  if (actions[step.action](supervisor, &error) < 0)
    vtpm_supervisor_fail (supervisor, error);
}
