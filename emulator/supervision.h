/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_SUPERVISION_H
#define OCI_VTPM_SUPERVISION_H

/*
 * What a supervisor does when something happens, as a table of state x event.
 * It computes only: supervisor.c turns descriptors into events and actions
 * into system calls.
 */

enum vtpm_supervision_state
{
  VTPM_STARTING, /* the emulator manufactures and starts its TPM */
  VTPM_OFFERED,  /* the TPM answers; the hook puts it into the container */
  VTPM_SERVING,  /* the container has it */
  VTPM_RESTARTING, /* its emulator has died, and another is to go on */
  VTPM_FAILED,   /* failure mode: too many have died, and an operator must act */
  VTPM_STOPPING, /* the emulator shuts its TPM down */
  VTPM_ENDED,    /* nothing is left to do but to clean up and exit */
};

enum vtpm_supervision_event
{
  VTPM_EVENT_EMULATOR_READY,
  VTPM_EVENT_EMULATOR_FAILED,  /* it said why it cannot go on */
  VTPM_EVENT_EMULATOR_STOPPED, /* its TPM is shut down */
  VTPM_EVENT_EMULATOR_EXITED,  /* its process is gone, whatever it said before */
  VTPM_EVENT_EMULATOR_BROKE_PROTOCOL,
  VTPM_EVENT_EMULATOR_HUNG,    /* a command takes too long */
  VTPM_EVENT_RESTART_DUE,      /* the next emulator is to be started */
  VTPM_EVENT_RESTARTS_EXHAUSTED, /* there have been too many */
  VTPM_EVENT_RESUME_ASKED,     /* vtpmctl resume */
  VTPM_EVENT_SERVER_GONE,      /* the kernel dropped the device */
  VTPM_EVENT_HOOK_RECORD,      /* the hook sent vtpm.json */
  VTPM_EVENT_HOOK_GONE,        /* the hook closed the start channel or died */
  VTPM_EVENT_CONTAINER_EXITED, /* its init is gone */
  VTPM_EVENT_STOP_ASKED,       /* vtpmctl stop, poststop, SIGTERM */
  VTPM_EVENT_STOP_TIMEOUT,     /* the shutdown takes too long */
  VTPM_EVENT_POOLED_GONE,      /* the pool's TPM was taken by another */
  VTPM_EVENT_ACTION_FAILED,    /* an action of ours failed */
};

enum vtpm_supervision_action
{
  VTPM_ACTION_NONE,
  VTPM_ACTION_OFFER,         /* tell the hook that the TPM answers */
  VTPM_ACTION_RECORD,        /* write vtpm.json, tell the hook */
  VTPM_ACTION_FORGET_HOOK,   /* close the start channel */
  VTPM_ACTION_STOP_EMULATOR, /* ask for the shutdown, start its clock */
  VTPM_ACTION_NOTE_STOPPED,  /* remember that the TPM was shut down in order */
  VTPM_ACTION_FAIL_START,    /* tell the hook why */
  VTPM_ACTION_OFFER_RETRY,   /* tell the hook why, and that it may try again */
  VTPM_ACTION_REPORT_LOSS,   /* log that the TPM was not shut down in order */
  VTPM_ACTION_KILL_EMULATOR, /* its exit is the next event */
  VTPM_ACTION_PLAN_RESTART,  /* when is the next emulator due? */
  VTPM_ACTION_START_EMULATOR, /* one that goes on */
  VTPM_ACTION_REPORT_RESTART, /* log that it does */
  VTPM_ACTION_FAIL_TPM,      /* start one in failure mode, and log it */
  VTPM_ACTION_PLAN_FAILING,  /* that one has died: another, in a while */
  VTPM_ACTION_START_FAILING,
  VTPM_ACTION_RESUME,        /* forgive, and end the emulator in failure mode */
  VTPM_ACTION_RESTART_TO_STOP, /* one more, for the shutdown */
};

struct vtpm_supervision_step
{
  enum vtpm_supervision_state next;
  enum vtpm_supervision_action action;
};

struct vtpm_supervision_step vtpm_supervision_step (enum vtpm_supervision_state state,
                                                    enum vtpm_supervision_event event);

/* "starting", "offered", "serving", "stopping", "ended".  */
const char *vtpm_supervision_state_name (enum vtpm_supervision_state state);

/* For the log: "the emulator exited".  */
const char *vtpm_supervision_event_name (enum vtpm_supervision_event event);

#define VTPM_SUPERVISION_STATES (VTPM_ENDED + 1)
#define VTPM_SUPERVISION_EVENTS (VTPM_EVENT_ACTION_FAILED + 1)

#endif
