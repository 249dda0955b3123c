/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "supervision.h"

#include <stdbool.h>

struct entry
{
  bool defined; /* an event without an entry changes nothing */
  struct vtpm_supervision_step step;
};

#define GO(next_state, what) { true, { VTPM_##next_state, VTPM_ACTION_##what } }

/* Before the hook has recorded the vTPM, any trouble ends it and is the
   hook's to report; a hook that goes away without recording has failed or was
   killed.  Afterwards the vTPM belongs to the container, and an emulator that
   dies is followed by another.  */
static const struct entry table[VTPM_SUPERVISION_STATES][VTPM_SUPERVISION_EVENTS] = {
  [VTPM_STARTING] = {
    [VTPM_EVENT_EMULATOR_READY] = GO (OFFERED, OFFER),
    [VTPM_EVENT_EMULATOR_FAILED] = GO (ENDED, FAIL_START),
    [VTPM_EVENT_EMULATOR_STOPPED] = GO (ENDED, FAIL_START),
    [VTPM_EVENT_EMULATOR_EXITED] = GO (ENDED, FAIL_START),
    [VTPM_EVENT_EMULATOR_BROKE_PROTOCOL] = GO (ENDED, FAIL_START),
    [VTPM_EVENT_EMULATOR_HUNG] = GO (ENDED, FAIL_START),
    [VTPM_EVENT_SERVER_GONE] = GO (ENDED, OFFER_RETRY),
    [VTPM_EVENT_POOLED_GONE] = GO (ENDED, OFFER_RETRY),
    [VTPM_EVENT_HOOK_RECORD] = GO (ENDED, FAIL_START),
    [VTPM_EVENT_HOOK_GONE] = GO (ENDED, FORGET_HOOK),
    [VTPM_EVENT_CONTAINER_EXITED] = GO (ENDED, FAIL_START),
    [VTPM_EVENT_STOP_ASKED] = GO (ENDED, FAIL_START),
    [VTPM_EVENT_ACTION_FAILED] = GO (ENDED, FAIL_START),
  },
  [VTPM_OFFERED] = {
    [VTPM_EVENT_EMULATOR_READY] = GO (ENDED, FAIL_START),
    [VTPM_EVENT_EMULATOR_FAILED] = GO (ENDED, FAIL_START),
    [VTPM_EVENT_EMULATOR_STOPPED] = GO (ENDED, FAIL_START),
    [VTPM_EVENT_EMULATOR_EXITED] = GO (ENDED, FAIL_START),
    [VTPM_EVENT_EMULATOR_BROKE_PROTOCOL] = GO (ENDED, FAIL_START),
    [VTPM_EVENT_EMULATOR_HUNG] = GO (ENDED, FAIL_START),
    [VTPM_EVENT_SERVER_GONE] = GO (ENDED, OFFER_RETRY),
    [VTPM_EVENT_HOOK_RECORD] = GO (SERVING, RECORD),
    [VTPM_EVENT_HOOK_GONE] = GO (STOPPING, STOP_EMULATOR),
    [VTPM_EVENT_CONTAINER_EXITED] = GO (ENDED, FAIL_START),
    [VTPM_EVENT_STOP_ASKED] = GO (ENDED, FAIL_START),
    [VTPM_EVENT_ACTION_FAILED] = GO (ENDED, FAIL_START),
  },
  [VTPM_SERVING] = {
    [VTPM_EVENT_EMULATOR_READY] = GO (SERVING, KILL_EMULATOR),
    [VTPM_EVENT_EMULATOR_FAILED] = GO (SERVING, KILL_EMULATOR),
    [VTPM_EVENT_EMULATOR_STOPPED] = GO (SERVING, KILL_EMULATOR),
    [VTPM_EVENT_EMULATOR_EXITED] = GO (RESTARTING, PLAN_RESTART),
    [VTPM_EVENT_EMULATOR_BROKE_PROTOCOL] = GO (SERVING, KILL_EMULATOR),
    [VTPM_EVENT_EMULATOR_HUNG] = GO (SERVING, KILL_EMULATOR),
    [VTPM_EVENT_SERVER_GONE] = GO (STOPPING, STOP_EMULATOR),
    [VTPM_EVENT_HOOK_RECORD] = GO (SERVING, FORGET_HOOK),
    [VTPM_EVENT_HOOK_GONE] = GO (SERVING, FORGET_HOOK),
    [VTPM_EVENT_CONTAINER_EXITED] = GO (STOPPING, STOP_EMULATOR),
    [VTPM_EVENT_STOP_ASKED] = GO (STOPPING, STOP_EMULATOR),
    /* The record could not be written: the start has failed after all.  */
    [VTPM_EVENT_ACTION_FAILED] = GO (ENDED, FAIL_START),
  },
  [VTPM_RESTARTING] = {
    [VTPM_EVENT_EMULATOR_READY] = GO (SERVING, REPORT_RESTART),
    [VTPM_EVENT_EMULATOR_FAILED] = GO (RESTARTING, KILL_EMULATOR),
    [VTPM_EVENT_EMULATOR_STOPPED] = GO (RESTARTING, KILL_EMULATOR),
    [VTPM_EVENT_EMULATOR_EXITED] = GO (RESTARTING, PLAN_RESTART),
    [VTPM_EVENT_EMULATOR_BROKE_PROTOCOL] = GO (RESTARTING, KILL_EMULATOR),
    [VTPM_EVENT_EMULATOR_HUNG] = GO (RESTARTING, KILL_EMULATOR),
    [VTPM_EVENT_RESTART_DUE] = GO (RESTARTING, START_EMULATOR),
    [VTPM_EVENT_RESTARTS_EXHAUSTED] = GO (FAILED, FAIL_TPM),
    [VTPM_EVENT_SERVER_GONE] = GO (STOPPING, STOP_EMULATOR),
    [VTPM_EVENT_HOOK_RECORD] = GO (RESTARTING, FORGET_HOOK),
    [VTPM_EVENT_HOOK_GONE] = GO (RESTARTING, FORGET_HOOK),
    [VTPM_EVENT_CONTAINER_EXITED] = GO (STOPPING, STOP_EMULATOR),
    [VTPM_EVENT_STOP_ASKED] = GO (STOPPING, STOP_EMULATOR),
    /* The emulator could not be started: that is as good as dead.  */
    [VTPM_EVENT_ACTION_FAILED] = GO (RESTARTING, PLAN_RESTART),
  },
  [VTPM_FAILED] = {
    [VTPM_EVENT_EMULATOR_FAILED] = GO (FAILED, KILL_EMULATOR),
    [VTPM_EVENT_EMULATOR_STOPPED] = GO (FAILED, KILL_EMULATOR),
    [VTPM_EVENT_EMULATOR_EXITED] = GO (FAILED, PLAN_FAILING),
    [VTPM_EVENT_EMULATOR_BROKE_PROTOCOL] = GO (FAILED, KILL_EMULATOR),
    [VTPM_EVENT_RESTART_DUE] = GO (FAILED, START_FAILING),
    [VTPM_EVENT_RESUME_ASKED] = GO (RESTARTING, RESUME),
    [VTPM_EVENT_SERVER_GONE] = GO (ENDED, REPORT_LOSS),
    [VTPM_EVENT_HOOK_RECORD] = GO (FAILED, FORGET_HOOK),
    [VTPM_EVENT_HOOK_GONE] = GO (FAILED, FORGET_HOOK),
    [VTPM_EVENT_CONTAINER_EXITED] = GO (ENDED, REPORT_LOSS),
    [VTPM_EVENT_STOP_ASKED] = GO (ENDED, REPORT_LOSS),
    [VTPM_EVENT_ACTION_FAILED] = GO (FAILED, PLAN_FAILING),
  },
  [VTPM_STOPPING] = {
    [VTPM_EVENT_EMULATOR_FAILED] = GO (ENDED, REPORT_LOSS),
    [VTPM_EVENT_EMULATOR_STOPPED] = GO (ENDED, NOTE_STOPPED),
    [VTPM_EVENT_EMULATOR_EXITED] = GO (STOPPING, RESTART_TO_STOP),
    [VTPM_EVENT_EMULATOR_BROKE_PROTOCOL] = GO (ENDED, REPORT_LOSS),
    [VTPM_EVENT_EMULATOR_HUNG] = GO (STOPPING, KILL_EMULATOR),
    [VTPM_EVENT_HOOK_RECORD] = GO (STOPPING, FORGET_HOOK),
    [VTPM_EVENT_HOOK_GONE] = GO (STOPPING, FORGET_HOOK),
    [VTPM_EVENT_STOP_TIMEOUT] = GO (ENDED, REPORT_LOSS),
    [VTPM_EVENT_ACTION_FAILED] = GO (ENDED, REPORT_LOSS),
  },
};

struct vtpm_supervision_step
vtpm_supervision_step (enum vtpm_supervision_state state, enum vtpm_supervision_event event)
{
  const struct entry *entry = &table[state][event];

  if (!entry->defined)
    return (struct vtpm_supervision_step) { state, VTPM_ACTION_NONE };
  return entry->step;
}

const char *
vtpm_supervision_state_name (enum vtpm_supervision_state state)
{
  static const char *const names[] = {
    [VTPM_STARTING] = "starting", [VTPM_OFFERED] = "offered", [VTPM_SERVING] = "serving",
    [VTPM_RESTARTING] = "restarting", [VTPM_FAILED] = "failed", [VTPM_STOPPING] = "stopping", [VTPM_ENDED] = "ended",
  };

  return names[state];
}

const char *
vtpm_supervision_event_name (enum vtpm_supervision_event event)
{
  static const char *const names[] = {
    [VTPM_EVENT_EMULATOR_READY] = "the emulator is ready",
    [VTPM_EVENT_EMULATOR_FAILED] = "the emulator failed",
    [VTPM_EVENT_EMULATOR_STOPPED] = "the emulator shut its TPM down",
    [VTPM_EVENT_EMULATOR_EXITED] = "the emulator exited",
    [VTPM_EVENT_EMULATOR_BROKE_PROTOCOL] = "the emulator broke the protocol",
    [VTPM_EVENT_EMULATOR_HUNG] = "the emulator hangs",
    [VTPM_EVENT_RESTART_DUE] = "the next emulator is due",
    [VTPM_EVENT_RESTARTS_EXHAUSTED] = "too many emulators have died",
    [VTPM_EVENT_RESUME_ASKED] = "a resume was asked for",
    [VTPM_EVENT_SERVER_GONE]
    = "the kernel dropped the device: its questions were answered too late",
    [VTPM_EVENT_HOOK_RECORD] = "the hook has placed the device",
    [VTPM_EVENT_HOOK_GONE] = "the hook is gone",
    [VTPM_EVENT_CONTAINER_EXITED] = "the container ended",
    [VTPM_EVENT_STOP_ASKED] = "a stop was asked for",
    [VTPM_EVENT_STOP_TIMEOUT] = "the emulator did not shut its TPM down in time",
    [VTPM_EVENT_POOLED_GONE] = "the pooled TPM is gone",
    [VTPM_EVENT_ACTION_FAILED] = "an operation failed",
  };

  return names[event];
}
