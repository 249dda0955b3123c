/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "supervisor_fixture.h"

#include <signal.h>

#include "channel.h"
#include "expect_error.h"
#include "protocol.h"

TestSuite (supervisor_restart, .init = set_up_supervisor, .fini = tear_down_supervisor,
           .timeout = 60);

/* What an emulator can do to a container's TPM, and to its supervisor.  */

/* Whatever ends an emulator, another one goes on; the container keeps its
   device.  */
static void
expect_restart (const char *behaviour, const char *reason)
{
  start_serving (behaviour);
  for (int i = 1; i <= 3; i++)
    {
      send_command ();
      wait_for_restarts (i);
    }
  expect_log (reason);
  expect_log (": another emulator goes on with the TPM");
  ask_to_stop ();
  expect_end_in_order ();
}

Test (supervisor_restart, survives_its_emulators)
{
  for (size_t i = 0; i < BETRAYAL_COUNT; i++)
    expect_restart (betrayals[i].behaviour, betrayals[i].reason);
  expect_restart ("stops-unasked", "the emulator shut its TPM down");
  expect_restart ("stops-unasked-and-stays", "the emulator shut its TPM down");
  expect_restart ("hangs-serving", "the emulator hangs");
  expect_restart ("spins-serving", "the emulator hangs");
  expect_restart ("commits-what-is-not-there",
                  "the emulator asks for a commit of 8 bytes of what is not kept");
}

Test (supervisor_restart, survives_a_kill)
{
  start_serving ("ready");
  for (int i = 1; i <= 5; i++)
    {
      cr_assert_eq (kill (get_emulator_pid (), SIGKILL), 0);
      wait_for_restarts (i);
    }
  expect_log ("the emulator ended unexpectedly: killed by signal 9 (Killed): another emulator");
  ask_to_stop ();
  expect_end_in_order ();
}

/* It has taken no command, so nobody watches it.  */
Test (supervisor_restart, does_not_let_its_emulator_be_stopped)
{
  start_serving ("ready");
  cr_assert_eq (kill (get_emulator_pid (), SIGSTOP), 0);
  wait_for_restarts (1);
  expect_log ("the emulator was stopped by a signal: another emulator");
  ask_to_stop ();
  expect_end_in_order ();
}

/* The emulator dies, but somebody still holds its end of the channel.  */
Test (supervisor_restart, does_not_wait_for_an_emulators_child)
{
  start_serving ("leaves-a-child");
  send_command ();
  wait_for_restarts (1);
  expect_log ("the emulator ended unexpectedly: exit status 3");
  ask_to_stop ();
  expect_end_in_order ();
}

static void
start_with_few_restarts (const char *behaviour)
{
  struct vtpm_supervisor_settings settings = settings_for (behaviour);

  settings.restarts_per_minute = 2;
  serve_with (&settings);
}

/* Kills emulators until there are no more.  */
static void
wear_out (void)
{
  for (int i = 1; i <= 2; i++)
    {
      cr_assert_eq (kill (get_emulator_pid (), SIGKILL), 0);
      wait_for_restarts (i);
    }
  cr_assert_eq (kill (get_emulator_pid (), SIGKILL), 0);
  wait_for_state ("failed");
}

/* The device stays, whatever it is good for.  */
Test (supervisor_restart, ends_in_failure_mode)
{
  start_with_few_restarts ("ready");
  wear_out ();
  expect_log ("more than 2 emulators have died in a minute; the TPM answers TPM_RC_FAILURE until");
  cr_assert_eq (kill (vtpm.container, SIGKILL), 0);
  expect_end (1);
  expect_log ("the TPM was not shut down in order");
}

Test (supervisor_restart, leaves_failure_mode_when_asked)
{
  struct vtpm_message answer;
  _cleanup_close_ int client = -1;

  start_with_few_restarts ("ready");
  client = connect_control ();
  assert_success (vtpm_channel_send (client, VTPM_CONTROL_RESUME, NULL, 0, &error));
  cr_assert_eq (vtpm_channel_receive (client, &answer, NULL), VTPM_RECEIVE_MESSAGE);
  cr_expect_eq (answer.type, VTPM_CONTROL_REFUSED);
  cr_expect_str_eq ((const char *) answer.payload, "the TPM is not in failure mode: it is serving");
  wear_out ();
  assert_success (vtpm_channel_send (client, VTPM_CONTROL_RESUME, NULL, 0, &error));
  cr_assert_eq (vtpm_channel_receive (client, &answer, NULL), VTPM_RECEIVE_MESSAGE);
  cr_expect_eq (answer.type, VTPM_CONTROL_RESUMING);
  wait_for_state ("serving");
  ask_to_stop ();
  expect_end_in_order ();
}
