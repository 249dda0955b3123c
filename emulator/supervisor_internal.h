/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_SUPERVISOR_INTERNAL_H
#define OCI_VTPM_SUPERVISOR_INTERNAL_H

/* What the parts of the supervisor share: supervisor.c turns descriptors into
   events, supervisor_actions.c events into system calls; supervisor_restart.c
   has to do with the emulator's life, supervisor_state.c with what is kept,
   supervisor_device.c with a client side that the kernel leaves to us.  */

#include <stdbool.h>

#include "channel.h"
#include "command_relay.h"
#include "control_server.h"
#include "device_server.h"
#include "emulator_process.h"
#include "event_loop.h"
#include "event_timer.h"
#include "journal.h"
#include "restart_policy.h"
#include "store.h"
#include "supervision.h"
#include "supervisor.h"
#include "watchdog.h"

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
  struct vtpm_event_timer stop_timer;
  struct vtpm_event_timer restart_timer;
  struct vtpm_event_timer watch_timer;
  struct vtpm_control_server *control;

  /* Where the client side is ours to serve (supervisor_device.c); NULL where the
     kernel does it.  */
  struct vtpm_device_server *device;
  struct vtpm_command_relay *relay;
  struct vtpm_event_source questions; /* of the kernel */
  struct vtpm_event_source responses; /* of the emulator */

  int run_dir_fd; /* locked while we live */

  /* What outlives an emulator.  */
  int program_fd;
  int journal_fd;
  struct vtpm_journal *journal;
  struct vtpm_store *store;   /* NULL: ephemeral */
  uint64_t committed_version; /* of the permanent state on disk (journal.h) */
  bool cannot_commit;         /* the last commit failed */
  bool made_instance;         /* there was none before */
  bool recorded;              /* the vTPM belongs to the container */

  struct vtpm_emulator_process emulator;
  bool condemned; /* we have killed it */
  struct vtpm_watchdog watchdog;
  struct vtpm_restart_policy policy;
  uint64_t refuse;            /* emulator_options.h, for the next one */
  int restart_delay;          /* until then, in milliseconds; -1: never */
  bool resuming;              /* an operator has ended failure mode */
  int64_t died_at;            /* milliseconds of CLOCK_MONOTONIC */
  unsigned int restarts;
  unsigned int stop_restarts; /* for the shutdown's sake */

  /* What the event being handled brought along.  */
  const struct vtpm_message *message;

  /* Why the start failed or the emulator died, in the words of whoever knows
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

/* Watches FD, -1 with errno set if it could not be made, from now on.  */
int vtpm_supervisor_watch (struct supervisor *supervisor, struct vtpm_event_source *source, int fd,
                           void (*handle) (void *context), struct vtpm_error **error);

/* supervisor.c: the handlers of an emulator's descriptors.  */
void vtpm_supervisor_handle_emulator_channel (void *context);
void vtpm_supervisor_handle_emulator_exit (void *context);

/* supervisor_restart.c */

int vtpm_supervisor_open_restarts (struct supervisor *supervisor, struct vtpm_error **error);
int vtpm_supervisor_start_emulator (struct supervisor *supervisor, struct vtpm_error **error);

/* What has become of an emulator that is reaped.  */
void vtpm_supervisor_note_death (struct supervisor *supervisor, bool killed);

/* Looks whether the emulator hangs, now and as long as it has work.  */
void vtpm_supervisor_look_after_emulator (struct supervisor *supervisor);

/* Actions (supervision.h).  */
int vtpm_supervisor_kill_emulator (struct supervisor *supervisor, struct vtpm_error **error);
int vtpm_supervisor_restart_emulator (struct supervisor *supervisor, struct vtpm_error **error);
int vtpm_supervisor_plan_restart (struct supervisor *supervisor, struct vtpm_error **error);
int vtpm_supervisor_report_restart (struct supervisor *supervisor, struct vtpm_error **error);
int vtpm_supervisor_fail_tpm (struct supervisor *supervisor, struct vtpm_error **error);
int vtpm_supervisor_plan_failing (struct supervisor *supervisor, struct vtpm_error **error);
int vtpm_supervisor_start_failing (struct supervisor *supervisor, struct vtpm_error **error);
int vtpm_supervisor_resume (struct supervisor *supervisor, struct vtpm_error **error);
int vtpm_supervisor_restart_to_stop (struct supervisor *supervisor, struct vtpm_error **error);

/* supervisor_device.c */

int vtpm_supervisor_open_device (struct supervisor *supervisor, struct vtpm_error **error);
void vtpm_supervisor_close_device (struct supervisor *supervisor);

/* The server side, which emulators inherit.  */
int vtpm_supervisor_emulator_end (const struct supervisor *supervisor);

/* To be called for each emulator that is dead, before its death is noted, and
   for each that has been started.  */
void vtpm_supervisor_settle_device (struct supervisor *supervisor);
void vtpm_supervisor_resume_device (struct supervisor *supervisor, bool failure_mode);

/* Whether somebody may wait for a response.  */
bool vtpm_supervisor_client_waits (const struct supervisor *supervisor);

/* supervisor_state.c */

/* Opens the instance, if there is one, and makes the journal.  */
int vtpm_supervisor_open_state (struct supervisor *supervisor, struct vtpm_error **error);
void vtpm_supervisor_close_state (struct supervisor *supervisor);

/* Puts the certificate in the emulator's MESSAGE where the host can see it.  A message that
   makes no sense is an error: EPROTO.  */
int vtpm_supervisor_show_ek (struct supervisor *supervisor, const struct vtpm_message *message,
                             struct vtpm_error **error);

/* Commits what the emulator's MESSAGE names, and tells it.  A message that makes
   no sense is an error.  */
int vtpm_supervisor_commit (struct supervisor *supervisor, const struct vtpm_message *message,
                            struct vtpm_error **error);

#endif
