/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "supervisor_fixture.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "channel.h"
#include "control_client.h"
#include "expect_error.h"
#include "protocol.h"

TestSuite (supervisor, .init = set_up_supervisor, .fini = tear_down_supervisor, .timeout = 60);

static void
expect_state (const char *expected)
{
  _cleanup_close_ int fd = connect_control ();
  struct vtpm_control_status status;

  assert_success (vtpm_control_get_status (fd, vtpm_deadline_after_seconds (60), &status, &error));
  cr_expect_str_eq (status.state, expected);
  cr_expect_eq (status.container_pid, vtpm.container);
  cr_expect_eq (status.supervisor_pid, vtpm.supervisor);
  cr_expect_eq (kill (status.emulator_pid, 0), 0);
}

/* A good life, by the ways it can end.  */

Test (supervisor, lives_as_long_as_its_container)
{
  start_and_wait ("ready");
  expect_state ("offered");
  cr_expect_not (exists (ID "/vtpm.json"));
  hand_over ();
  expect_record ();
  expect_state ("serving");
  close (vtpm.hook);
  send_command ();
  expect_state ("serving");
  cr_assert_eq (kill (vtpm.container, SIGKILL), 0);
  expect_end_in_order ();
}

Test (supervisor, shows_what_the_host_may_know)
{
  start_and_wait ("shows-eks");
  cr_expect (exists (ID "/ek-rsa2048.der"));
  cr_expect (exists (ID "/ek-ecc-p384.der"));
  cr_expect_not (exists (ID "/ek-rsa3072.der"));
  hand_over ();
  ask_to_stop ();
  expect_end_in_order ();
}

Test (supervisor, stops_when_asked)
{
  start_serving ("ready");
  ask_to_stop ();
  expect_end_in_order ();
}

Test (supervisor, stops_for_a_signal)
{
  static const int signals[] = { SIGTERM, SIGINT };

  for (size_t i = 0; i < sizeof (signals) / sizeof (signals[0]); i++)
    {
      start_serving ("ready");
      cr_assert_eq (kill (vtpm.supervisor, signals[i]), 0);
      expect_end_in_order ();
      cr_assert_eq (unlink (path_of ("ready")), 0);
    }
}

Test (supervisor, survives_other_signals)
{
  start_serving ("ready");
  cr_assert_eq (kill (vtpm.supervisor, SIGHUP), 0);
  cr_assert_eq (kill (vtpm.supervisor, SIGPIPE), 0);
  expect_state ("serving");
  ask_to_stop ();
  expect_end_in_order ();
}

Test (supervisor, stops_when_the_device_is_gone)
{
  start_serving ("loses-server");
  send_command ();
  expect_end_in_order ();
}

Test (supervisor, works_as_tpm_1_2)
{
  struct vtpm_supervisor_settings settings = settings_for ("ready");

  settings.version = VTPM_TPM_1_2;
  serve_with (&settings);
  ask_to_stop ();
  expect_end_in_order ();
  expect_log ("TPM 1.2 is in use");
}

Test (supervisor, takes_one_record)
{
  start_and_wait ("ready");
  hand_over ();
  assert_success (vtpm_channel_send_text (vtpm.hook, VTPM_START_RECORD, "{}", &error));
  expect_no_more_messages ();
  expect_record ();
  expect_state ("serving");
  ask_to_stop ();
  expect_end_in_order ();
}

/* An end that is not in order, or takes its time.  */

/* Its word that the TPM is shut down is enough, but not that it will go.  */
Test (supervisor, does_not_wait_for_an_emulator_that_has_stopped)
{
  start_serving ("stays-stopped");
  ask_to_stop ();
  expect_end_in_order ();
}

Test (supervisor, reports_a_loss_while_it_stops)
{
  static const struct
  {
    const char *behaviour;
    const char *reason;
  } cases[] = {
    { "fails-stopping", "emulator: no TPM today??[31m?" },
    { "exits-stopping", "the emulator ended unexpectedly: exit status 3" },
    { "crashes-stopping", "killed by signal 10 (User defined signal 1)" },
    { "lies-stopping", "the emulator broke the protocol" },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      start_serving (cases[i].behaviour);
      cr_assert_eq (kill (vtpm.supervisor, SIGTERM), 0);
      expect_end (1);
      expect_log ("error: ended without an orderly shutdown of the TPM");
      expect_log (cases[i].reason);
    }
}

static void
start_impatiently (const char *behaviour)
{
  struct vtpm_supervisor_settings settings = settings_for (behaviour);

  settings.stop_timeout = 1;
  serve_with (&settings);
}

static void
expect_end_by_timeout (void)
{
  expect_end (1);
  expect_log ("the emulator did not shut its TPM down in time: the TPM was not shut down in order");
}

Test (supervisor, kills_an_emulator_that_ignores_its_stop)
{
  start_impatiently ("ignores-stop");
  cr_assert_eq (kill (vtpm.container, SIGKILL), 0);
  expect_end_by_timeout ();
}

/* A flood of log lines keeps the supervisor from nothing.  */
Test (supervisor, is_not_held_up_by_a_flood)
{
  start_impatiently ("floods-log");
  send_command ();
  expect_state ("serving");
  ask_to_stop ();
  expect_end_by_timeout ();
}

/* A container that ends again, a second request, a stop in a stop.  */
Test (supervisor, is_asked_more_than_once)
{
  _cleanup_close_ int client = -1;

  start_impatiently ("ignores-stop");
  client = connect_control ();
  cr_assert_eq (kill (vtpm.supervisor, SIGTERM), 0);
  assert_success (vtpm_channel_send (client, VTPM_CONTROL_STOP, NULL, 0, &error));
  cr_assert_eq (kill (vtpm.container, SIGKILL), 0);
  assert_success (vtpm_control_stop (client, vtpm_deadline_after_seconds (60), &error));
  expect_end_by_timeout ();
}

Test (supervisor, logs_what_its_emulator_logs)
{
  char longest[VTPM_LOG_LINE_MAX];

  start_serving ("logs");
  send_command ();
  ask_to_stop ();
  expect_end_in_order ();
  expect_log ("debug: emulator: of no level\n");
  expect_log ("warning: emulator: two?lines ?[2J??%s%n\n");
  expect_log ("error: emulator: \n");
  expect_log ("info: emulator: the last line\n");
  snprintf (longest, sizeof (longest), "info: emulator: %*s\n", VTPM_LOG_LINE_MAX / 2 - 1, "");
  for (char *blank = longest + strlen ("info: emulator: "); *blank == ' '; blank++)
    *blank = 'x';
  expect_log (longest);
}
