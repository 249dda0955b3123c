/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "supervisor_fixture.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "channel.h"
#include "expect_error.h"
#include "protocol.h"
#include "rundir.h"

TestSuite (supervisor_start, .init = set_up_supervisor, .fini = tear_down_supervisor,
           .timeout = 60);

/* Trouble before the hook has recorded the vTPM is the hook's to report.  */

Test (supervisor_start, tells_the_hook_why_a_start_fails)
{
  static const struct
  {
    const char *behaviour;
    const char *reason;
  } cases[] = {
    { "fails", "emulator: no TPM today??[31m?" },
    { "exits", "the emulator ended unexpectedly: exit status 3" },
    { "crashes", "the emulator ended unexpectedly: killed by signal 10 (User defined signal 1)" },
    { "closes-channel", "the emulator ended unexpectedly: killed by signal 9 (Killed)" },
    { "lies", "the emulator broke the protocol" },
    { "sends-too-little", "the emulator broke the protocol" },
    { "shows-no-certificate", "the emulator shows a certificate of 1 bytes" },
    { "shows-large-certificate", "the emulator shows a certificate of 2050 bytes" },
    { "shows-unknown-key", "the emulator shows a certificate of 100 bytes" },
    { "stops-at-once", "the emulator shut its TPM down" },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      start (cases[i].behaviour);
      expect_failed_start (cases[i].reason);
    }
}

static void
expect_failure_after_the_offer (const char *behaviour, const char *reason)
{
  start_and_wait (behaviour);
  send_command ();
  expect_failed_start (reason);
}

Test (supervisor_start, tells_the_hook_what_goes_wrong_after_the_offer)
{
  for (size_t i = 0; i < BETRAYAL_COUNT; i++)
    expect_failure_after_the_offer (betrayals[i].behaviour, betrayals[i].reason);
  expect_failure_after_the_offer ("stops-unasked", "the emulator shut its TPM down");
}

/* A new device may fare better.  */
Test (supervisor_start, tells_the_hook_that_the_device_was_dropped)
{
  start ("has-no-server");
  expect_message (VTPM_START_DEVICE_DROPPED, "the kernel dropped the device");
  expect_end (1);
  start_and_wait ("loses-server");
  send_command ();
  expect_message (VTPM_START_DEVICE_DROPPED, "the kernel dropped the device");
  expect_end (1);
}

Test (supervisor_start, cannot_run_an_emulator_that_is_not_there)
{
  struct vtpm_supervisor_settings settings = settings_for ("ready");

  settings.emulator = "/nonexistent/emulator";
  start_with (&settings);
  expect_failed_start ("cannot open /nonexistent/emulator: No such file or directory");
}

Test (supervisor_start, fails_when_the_container_ends_first)
{
  start ("silent");
  cr_assert_eq (kill (vtpm.container, SIGKILL), 0);
  expect_failed_start ("the container ended");
}

Test (supervisor_start, fails_when_it_is_ended_first)
{
  start_and_wait ("ready");
  cr_assert_eq (kill (vtpm.supervisor, SIGTERM), 0);
  expect_failed_start ("a stop was asked for");
}

Test (supervisor_start, fails_when_it_is_stopped_first)
{
  start_and_wait ("ready");
  ask_to_stop ();
  expect_failed_start ("a stop was asked for");
}

Test (supervisor_start, leaves_a_directory_in_use_alone)
{
  _cleanup_close_ int dir_fd = -1;

  assert_success (vtpm_rundir_create (vtpm.dir, ID, &dir_fd, &error));
  assert_success (vtpm_rundir_write_record (dir_fd, RECORD, strlen (RECORD), &error));
  start ("ready");
  expect_message (VTPM_START_FAILED, "/" ID " is in use by another supervisor");
  expect_exit (1);
  expect_no_device ();
  expect_record ();
}

Test (supervisor_start, needs_a_place_for_its_directory)
{
  struct vtpm_supervisor_settings settings = settings_for ("ready");

  settings.run_dir = "/nonexistent";
  start_with (&settings);
  expect_failed_start ("cannot open /nonexistent");
}

Test (supervisor_start, needs_a_container_to_watch)
{
  struct vtpm_supervisor_settings settings = settings_for ("ready");

  settings.container_pidfd = -1;
  start_with (&settings);
  expect_failed_start ("cannot make a descriptor to watch");
}

/* The container was gone before the supervisor came.  */
Test (supervisor_start, fails_for_a_container_that_is_dead)
{
  cr_assert_eq (kill (vtpm.container, SIGKILL), 0);
  cr_assert_eq (waitpid (vtpm.container, NULL, 0), vtpm.container);
  start ("silent");
  expect_failed_start ("the container ended");
}

/* A hook that goes without recording the vTPM leaves nothing.  */

/* A hook that goes without recording the vTPM leaves nothing.  */
Test (supervisor_start, ends_with_the_hook_before_the_offer)
{
  start ("silent");
  close (vtpm.hook);
  expect_end (1);
}

Test (supervisor_start, ends_with_the_hook_after_the_offer)
{
  start_and_wait ("ready");
  close (vtpm.hook);
  expect_end_in_order ();
}

Test (supervisor_start, takes_no_record_before_the_offer)
{
  start ("silent");
  assert_success (vtpm_channel_send_text (vtpm.hook, VTPM_START_RECORD, RECORD, &error));
  expect_failed_start ("");
}

Test (supervisor_start, takes_nothing_else_from_the_hook)
{
  static const uint32_t types[]
      = { VTPM_START_READY, VTPM_START_RECORDED, VTPM_EMULATOR_READY, VTPM_CONTROL_STOP, 0 };

  for (size_t i = 0; i < sizeof (types) / sizeof (types[0]); i++)
    {
      start_and_wait ("ready");
      assert_success (vtpm_channel_send (vtpm.hook, types[i], NULL, 0, &error));
      expect_end_in_order ();
      cr_assert_eq (unlink (path_of ("ready")), 0);
    }
}

/* The hook is killed when it has sent the record, which nobody has read.  */
Test (supervisor_start, ends_with_the_hook_while_it_hands_over)
{
  start_and_wait ("ready");
  cr_assert_eq (kill (vtpm.supervisor, SIGSTOP), 0);
  cr_assert_eq (waitpid (vtpm.supervisor, NULL, WUNTRACED), vtpm.supervisor);
  assert_success (vtpm_channel_send_text (vtpm.hook, VTPM_START_RECORD, RECORD, &error));
  close (vtpm.hook);
  cr_assert_eq (kill (vtpm.supervisor, SIGCONT), 0);
  expect_end (1);
  expect_log ("cannot send a message");
}
