/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_SUPERVISOR_INTERNAL_H
#define OCI_VTPM_SUPERVISOR_INTERNAL_H

/* What supervisor.c, which turns descriptors into events, and
   supervisor_actions.c, which turns events into system calls, share.  */

#include <stdbool.h>

#include "channel.h"
#include "control_server.h"
#include "emulator_process.h"
#include "event_loop.h"
#include "supervision.h"
#include "supervisor.h"

struct supervisor
{
  const struct vtpm_supervisor_settings *settings;
  enum vtpm_supervision_state state;
  bool shut_down_in_order;

  struct vtpm_event_loop loop;
  struct vtpm_event_source signals;
  struct vtpm_event_source hook;
  struct vtpm_event_source container;
  struct vtpm_event_source emulator_channel;
  struct vtpm_event_source emulator_exit;
  struct vtpm_event_source stop_timer;
  struct vtpm_control_server *control;

  int run_dir_fd; /* locked while we live */
  struct vtpm_emulator_process emulator;

  /* What the event being handled brought along.  */
  const struct vtpm_message *message;

  /* Why the start failed or the state was lost, in the words of whoever knows
     best; empty until known.  */
  char reason[VTPM_LOG_LINE_MAX];
};

/* Takes the step that supervision.h's table has for EVENT.  */
void vtpm_supervisor_take_event (struct supervisor *supervisor,
                                 enum vtpm_supervision_event event);

/* Keeps the first reason: what comes later follows from it.  DETAIL may be
   empty.  */
void vtpm_supervisor_note_reason (struct supervisor *supervisor, const char *what,
                                  const char *detail);

/* Takes ERROR, something of our own that failed, as the reason, and the event
   that it is.  */
void vtpm_supervisor_fail (struct supervisor *supervisor, struct vtpm_error *error);

#endif
