/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "supervision.h"

#include <criterion/criterion.h>
#include <stdbool.h>
#include <string.h>

struct expectation
{
  enum vtpm_supervision_state state;
  enum vtpm_supervision_event event;
  enum vtpm_supervision_state next;
  enum vtpm_supervision_action action;
};

/* clang-format off */
static const struct expectation expectations[] = {
  /* The course of a good life.  */
  { VTPM_STARTING, VTPM_EVENT_EMULATOR_READY, VTPM_OFFERED, VTPM_ACTION_OFFER },
  { VTPM_OFFERED, VTPM_EVENT_HOOK_RECORD, VTPM_SERVING, VTPM_ACTION_RECORD },
  { VTPM_SERVING, VTPM_EVENT_HOOK_GONE, VTPM_SERVING, VTPM_ACTION_FORGET_HOOK },
  { VTPM_SERVING, VTPM_EVENT_CONTAINER_EXITED, VTPM_STOPPING, VTPM_ACTION_STOP_EMULATOR },
  { VTPM_STOPPING, VTPM_EVENT_EMULATOR_STOPPED, VTPM_ENDED, VTPM_ACTION_NOTE_STOPPED },

  /* Emulators come and go.  */
  { VTPM_SERVING, VTPM_EVENT_EMULATOR_EXITED, VTPM_RESTARTING, VTPM_ACTION_PLAN_RESTART },
  { VTPM_RESTARTING, VTPM_EVENT_RESTART_DUE, VTPM_RESTARTING, VTPM_ACTION_START_EMULATOR },
  { VTPM_RESTARTING, VTPM_EVENT_EMULATOR_READY, VTPM_SERVING, VTPM_ACTION_REPORT_RESTART },
  { VTPM_RESTARTING, VTPM_EVENT_EMULATOR_EXITED, VTPM_RESTARTING, VTPM_ACTION_PLAN_RESTART },
  { VTPM_RESTARTING, VTPM_EVENT_ACTION_FAILED, VTPM_RESTARTING, VTPM_ACTION_PLAN_RESTART },
  { VTPM_RESTARTING, VTPM_EVENT_EMULATOR_HUNG, VTPM_RESTARTING, VTPM_ACTION_KILL_EMULATOR },
  { VTPM_STOPPING, VTPM_EVENT_EMULATOR_EXITED, VTPM_STOPPING, VTPM_ACTION_RESTART_TO_STOP },
  { VTPM_STOPPING, VTPM_EVENT_EMULATOR_HUNG, VTPM_STOPPING, VTPM_ACTION_KILL_EMULATOR },

  /* Too many have gone.  */
  { VTPM_RESTARTING, VTPM_EVENT_RESTARTS_EXHAUSTED, VTPM_FAILED, VTPM_ACTION_FAIL_TPM },
  { VTPM_FAILED, VTPM_EVENT_EMULATOR_READY, VTPM_FAILED, VTPM_ACTION_NONE },
  { VTPM_FAILED, VTPM_EVENT_EMULATOR_EXITED, VTPM_FAILED, VTPM_ACTION_PLAN_FAILING },
  { VTPM_FAILED, VTPM_EVENT_RESTART_DUE, VTPM_FAILED, VTPM_ACTION_START_FAILING },
  { VTPM_FAILED, VTPM_EVENT_RESUME_ASKED, VTPM_RESTARTING, VTPM_ACTION_RESUME },
  { VTPM_FAILED, VTPM_EVENT_CONTAINER_EXITED, VTPM_ENDED, VTPM_ACTION_REPORT_LOSS },
  { VTPM_SERVING, VTPM_EVENT_RESUME_ASKED, VTPM_SERVING, VTPM_ACTION_NONE },

  /* The hook hears of all trouble before it has recorded the vTPM.  */
  { VTPM_STARTING, VTPM_EVENT_EMULATOR_FAILED, VTPM_ENDED, VTPM_ACTION_FAIL_START },
  { VTPM_STARTING, VTPM_EVENT_EMULATOR_STOPPED, VTPM_ENDED, VTPM_ACTION_FAIL_START },
  { VTPM_STARTING, VTPM_EVENT_EMULATOR_EXITED, VTPM_ENDED, VTPM_ACTION_FAIL_START },
  { VTPM_STARTING, VTPM_EVENT_EMULATOR_BROKE_PROTOCOL, VTPM_ENDED, VTPM_ACTION_FAIL_START },
  { VTPM_STARTING, VTPM_EVENT_SERVER_GONE, VTPM_ENDED, VTPM_ACTION_OFFER_RETRY },
  { VTPM_STARTING, VTPM_EVENT_HOOK_RECORD, VTPM_ENDED, VTPM_ACTION_FAIL_START },
  { VTPM_STARTING, VTPM_EVENT_CONTAINER_EXITED, VTPM_ENDED, VTPM_ACTION_FAIL_START },
  { VTPM_STARTING, VTPM_EVENT_STOP_ASKED, VTPM_ENDED, VTPM_ACTION_FAIL_START },
  { VTPM_STARTING, VTPM_EVENT_ACTION_FAILED, VTPM_ENDED, VTPM_ACTION_FAIL_START },
  { VTPM_OFFERED, VTPM_EVENT_EMULATOR_READY, VTPM_ENDED, VTPM_ACTION_FAIL_START },
  { VTPM_OFFERED, VTPM_EVENT_EMULATOR_FAILED, VTPM_ENDED, VTPM_ACTION_FAIL_START },
  { VTPM_OFFERED, VTPM_EVENT_EMULATOR_STOPPED, VTPM_ENDED, VTPM_ACTION_FAIL_START },
  { VTPM_OFFERED, VTPM_EVENT_EMULATOR_EXITED, VTPM_ENDED, VTPM_ACTION_FAIL_START },
  { VTPM_OFFERED, VTPM_EVENT_EMULATOR_BROKE_PROTOCOL, VTPM_ENDED, VTPM_ACTION_FAIL_START },
  { VTPM_OFFERED, VTPM_EVENT_SERVER_GONE, VTPM_ENDED, VTPM_ACTION_OFFER_RETRY },
  { VTPM_OFFERED, VTPM_EVENT_CONTAINER_EXITED, VTPM_ENDED, VTPM_ACTION_FAIL_START },
  { VTPM_OFFERED, VTPM_EVENT_STOP_ASKED, VTPM_ENDED, VTPM_ACTION_FAIL_START },
  { VTPM_OFFERED, VTPM_EVENT_ACTION_FAILED, VTPM_ENDED, VTPM_ACTION_FAIL_START },

  /* A hook that goes leaves nothing.  */
  { VTPM_STARTING, VTPM_EVENT_HOOK_GONE, VTPM_ENDED, VTPM_ACTION_FORGET_HOOK },
  { VTPM_OFFERED, VTPM_EVENT_HOOK_GONE, VTPM_STOPPING, VTPM_ACTION_STOP_EMULATOR },

  /* What ends a vTPM in use: in order where the emulator still works.  */
  { VTPM_SERVING, VTPM_EVENT_STOP_ASKED, VTPM_STOPPING, VTPM_ACTION_STOP_EMULATOR },
  { VTPM_SERVING, VTPM_EVENT_SERVER_GONE, VTPM_STOPPING, VTPM_ACTION_STOP_EMULATOR },
  { VTPM_SERVING, VTPM_EVENT_EMULATOR_STOPPED, VTPM_SERVING, VTPM_ACTION_KILL_EMULATOR },
  { VTPM_SERVING, VTPM_EVENT_EMULATOR_READY, VTPM_SERVING, VTPM_ACTION_KILL_EMULATOR },
  { VTPM_SERVING, VTPM_EVENT_EMULATOR_FAILED, VTPM_SERVING, VTPM_ACTION_KILL_EMULATOR },
  { VTPM_SERVING, VTPM_EVENT_EMULATOR_BROKE_PROTOCOL, VTPM_SERVING, VTPM_ACTION_KILL_EMULATOR },
  { VTPM_SERVING, VTPM_EVENT_ACTION_FAILED, VTPM_ENDED, VTPM_ACTION_FAIL_START },
  { VTPM_SERVING, VTPM_EVENT_HOOK_RECORD, VTPM_SERVING, VTPM_ACTION_FORGET_HOOK },

  /* What ends a vTPM that does not stop.  */
  { VTPM_STOPPING, VTPM_EVENT_STOP_TIMEOUT, VTPM_ENDED, VTPM_ACTION_REPORT_LOSS },
  { VTPM_STOPPING, VTPM_EVENT_EMULATOR_FAILED, VTPM_ENDED, VTPM_ACTION_REPORT_LOSS },
  { VTPM_STOPPING, VTPM_EVENT_EMULATOR_BROKE_PROTOCOL, VTPM_ENDED, VTPM_ACTION_REPORT_LOSS },
  { VTPM_STOPPING, VTPM_EVENT_ACTION_FAILED, VTPM_ENDED, VTPM_ACTION_REPORT_LOSS },

  /* What changes nothing.  */
  { VTPM_STOPPING, VTPM_EVENT_STOP_ASKED, VTPM_STOPPING, VTPM_ACTION_NONE },
  { VTPM_STOPPING, VTPM_EVENT_CONTAINER_EXITED, VTPM_STOPPING, VTPM_ACTION_NONE },
  { VTPM_STOPPING, VTPM_EVENT_SERVER_GONE, VTPM_STOPPING, VTPM_ACTION_NONE },
  { VTPM_STOPPING, VTPM_EVENT_HOOK_GONE, VTPM_STOPPING, VTPM_ACTION_FORGET_HOOK },
  { VTPM_STARTING, VTPM_EVENT_STOP_TIMEOUT, VTPM_STARTING, VTPM_ACTION_NONE },
  { VTPM_OFFERED, VTPM_EVENT_STOP_TIMEOUT, VTPM_OFFERED, VTPM_ACTION_NONE },
  { VTPM_SERVING, VTPM_EVENT_STOP_TIMEOUT, VTPM_SERVING, VTPM_ACTION_NONE },
};
/* clang-format on */

Test (supervision, goes_where_it_should)
{
  for (size_t i = 0; i < sizeof (expectations) / sizeof (expectations[0]); i++)
    {
      const struct expectation *expected = &expectations[i];
      struct vtpm_supervision_step step = vtpm_supervision_step (expected->state, expected->event);

      cr_expect_eq (
          step.next, expected->next, "%s, %s -> %s", vtpm_supervision_state_name (expected->state),
          vtpm_supervision_event_name (expected->event), vtpm_supervision_state_name (step.next));
      cr_expect_eq (step.action, expected->action, "%s, %s: action %d",
                    vtpm_supervision_state_name (expected->state),
                    vtpm_supervision_event_name (expected->event), (int) step.action);
    }
}

/* Calls CHECK for every step there is.  */
static void
for_each_step (void (*check) (enum vtpm_supervision_state state, enum vtpm_supervision_event event,
                              struct vtpm_supervision_step step))
{
  for (int state = 0; state < VTPM_SUPERVISION_STATES; state++)
    for (int event = 0; event < VTPM_SUPERVISION_EVENTS; event++)
      check ((enum vtpm_supervision_state) state, (enum vtpm_supervision_event) event,
             vtpm_supervision_step ((enum vtpm_supervision_state) state,
                                    (enum vtpm_supervision_event) event));
}

static void
check_that_it_is_final (enum vtpm_supervision_state state, enum vtpm_supervision_event event,
                        struct vtpm_supervision_step step)
{
  if (state == VTPM_ENDED)
    cr_expect (step.next == VTPM_ENDED && step.action == VTPM_ACTION_NONE, "%s",
               vtpm_supervision_event_name (event));
}

Test (supervision, never_leaves_its_end)
{
  for_each_step (check_that_it_is_final);
}

static void
check_that_it_moves_on (enum vtpm_supervision_state state, enum vtpm_supervision_event event,
                        struct vtpm_supervision_step step)
{
  bool in_use = state >= VTPM_SERVING && state <= VTPM_FAILED;

  cr_expect (step.next >= state || (in_use && step.next >= VTPM_SERVING), "%s, %s",
             vtpm_supervision_state_name (state), vtpm_supervision_event_name (event));
}

/* A vTPM in use goes through many emulators; but it begins once, and ends
   once.  */
Test (supervision, never_goes_back)
{
  for_each_step (check_that_it_moves_on);
}

static void
check_that_the_clock_runs (enum vtpm_supervision_state state, enum vtpm_supervision_event event,
                           struct vtpm_supervision_step step)
{
  if (state != VTPM_STOPPING && step.next == VTPM_STOPPING)
    cr_expect_eq (step.action, VTPM_ACTION_STOP_EMULATOR, "%s, %s",
                  vtpm_supervision_state_name (state), vtpm_supervision_event_name (event));
}

/* Only the stop timer is sure to end a hostile emulator.  */
Test (supervision, starts_the_clock_when_it_stops)
{
  for_each_step (check_that_the_clock_runs);
  cr_expect_eq (vtpm_supervision_step (VTPM_STOPPING, VTPM_EVENT_STOP_TIMEOUT).next, VTPM_ENDED);
}

/* Only a vTPM in use survives that an action of ours fails: it tries again,
   later and later, and in the end less.  */
Test (supervision, ends_when_an_action_fails)
{
  for (int state = 0; state < VTPM_SUPERVISION_STATES; state++)
    if (state != VTPM_RESTARTING && state != VTPM_FAILED)
      cr_expect_eq (vtpm_supervision_step ((enum vtpm_supervision_state) state,
                                           VTPM_EVENT_ACTION_FAILED)
                        .next,
                    VTPM_ENDED);
}

/* Nothing that an emulator says or does takes the device from the container.  */
Test (supervision, outlives_every_emulator)
{
  static const enum vtpm_supervision_event events[]
      = { VTPM_EVENT_EMULATOR_READY,          VTPM_EVENT_EMULATOR_FAILED,
          VTPM_EVENT_EMULATOR_STOPPED,        VTPM_EVENT_EMULATOR_EXITED,
          VTPM_EVENT_EMULATOR_BROKE_PROTOCOL, VTPM_EVENT_EMULATOR_HUNG,
          VTPM_EVENT_RESTARTS_EXHAUSTED };

  for (size_t i = 0; i < sizeof (events) / sizeof (events[0]); i++)
    for (int state = VTPM_SERVING; state <= VTPM_FAILED; state++)
      cr_expect_leq (vtpm_supervision_step ((enum vtpm_supervision_state) state, events[i]).next,
                     VTPM_FAILED, "%s, %s",
                     vtpm_supervision_state_name ((enum vtpm_supervision_state) state),
                     vtpm_supervision_event_name (events[i]));
}

/* These are beyond an emulator's influence: whatever state, they lead out.  */
Test (supervision, cannot_outlive_container_or_hook)
{
  static const enum vtpm_supervision_event events[]
      = { VTPM_EVENT_CONTAINER_EXITED, VTPM_EVENT_STOP_ASKED };

  for (size_t i = 0; i < sizeof (events) / sizeof (events[0]); i++)
    for (int state = 0; state < VTPM_SUPERVISION_STATES; state++)
      cr_expect_geq (vtpm_supervision_step ((enum vtpm_supervision_state) state, events[i]).next,
                     VTPM_STOPPING, "%s, %s",
                     vtpm_supervision_state_name ((enum vtpm_supervision_state) state),
                     vtpm_supervision_event_name (events[i]));
  cr_expect_geq (vtpm_supervision_step (VTPM_STARTING, VTPM_EVENT_HOOK_GONE).next, VTPM_STOPPING);
  cr_expect_geq (vtpm_supervision_step (VTPM_OFFERED, VTPM_EVENT_HOOK_GONE).next, VTPM_STOPPING);
}

/* An emulator that says what it should not ends; it cannot talk itself into
   the container's hands, or out of a shutdown.  */
static void
check_that_only_the_hook_hands_over (enum vtpm_supervision_state state,
                                     enum vtpm_supervision_event event,
                                     struct vtpm_supervision_step step)
{
  if (state != VTPM_SERVING && step.next == VTPM_SERVING)
    cr_expect ((state == VTPM_OFFERED && event == VTPM_EVENT_HOOK_RECORD
                && step.action == VTPM_ACTION_RECORD)
                   || (state == VTPM_RESTARTING && event == VTPM_EVENT_EMULATOR_READY),
               "%s, %s", vtpm_supervision_state_name (state), vtpm_supervision_event_name (event));
}

Test (supervision, serves_only_what_the_hook_has_recorded)
{
  for_each_step (check_that_only_the_hook_hands_over);
}

Test (supervision, has_a_name_for_everything)
{
  for (int state = 0; state < VTPM_SUPERVISION_STATES; state++)
    for (int other = 0; other <= state; other++)
      cr_expect_eq (strcmp (vtpm_supervision_state_name ((enum vtpm_supervision_state) state),
                            vtpm_supervision_state_name ((enum vtpm_supervision_state) other))
                        == 0,
                    other == state);
  for (int event = 0; event < VTPM_SUPERVISION_EVENTS; event++)
    for (int other = 0; other <= event; other++)
      cr_expect_eq (strcmp (vtpm_supervision_event_name ((enum vtpm_supervision_event) event),
                            vtpm_supervision_event_name ((enum vtpm_supervision_event) other))
                        == 0,
                    other == event);
}
