/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "instance_setup.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "channel.h"
#include "host_key_fixture.h"
#include "instance_lock.h"
#include "protocol.h"
#include "rundir.h"

static struct vtpm_host_config config;

static void
set_up (void)
{
  make_keyed_host (&config);
  cr_assert_eq (mkdir (temp_path ("run"), 0755), 0);
}

TestSuite (instance_setup, .init = set_up, .fini = remove_temp_dir, .timeout = 60);

static const struct vtpm_instance_id web = { "local", "web" };

static void
expect_keys (int fd, size_t count, uint8_t first)
{
  _cleanup_host_keys_ struct vtpm_host_keys keys;

  assert_success (vtpm_host_keys_from_fd (fd, &keys, &error));
  cr_expect_eq (keys.count, count);
  cr_expect_eq (keys.key[0][0], first);
}

Test (instance_setup, fetches_keys)
{
  _cleanup_close_ int fd = -1;
  _cleanup_close_ int hold_fd = -1;

  write_host_key ("host.key", 7);
  write_host_key ("host.key.previous", 6);
  assert_success (vtpm_instance_fetch_keys (&config, &fd, &hold_fd, &error));
  expect_keys (fd, 2, 7);
  cr_expect_eq (fcntl (fd, F_GETFD), FD_CLOEXEC);
  cr_expect_eq (fcntl (hold_fd, F_GETFD), FD_CLOEXEC);
}

static int
fetch (const struct vtpm_host_config *from, struct vtpm_error **error)
{
  int fd = -1, hold_fd = -1;
  int result = vtpm_instance_fetch_keys (from, &fd, &hold_fd, error);

  cr_expect_eq (fd, -1);
  cr_expect_eq (hold_fd, -1);
  return result;
}

Test (instance_setup, says_what_is_wrong_with_a_key)
{
  expect_bad_keys_refused (&config, fetch);
}

static int
await_for (vtpm_deadline deadline, struct vtpm_error **error)
{
  return vtpm_instance_await (temp_dir, &web, temp_path ("run"), deadline, error);
}

static int
await (struct vtpm_error **error)
{
  return await_for (vtpm_deadline_after_seconds (60), error);
}

static int
hold (const char *holder)
{
  int lock_fd;

  mkdir (temp_path ("instances/local/web"), 0700);
  lock_fd = open (temp_path ("instances/local/web/lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  assert_success (vtpm_instance_lock_take (lock_fd, &web, holder, &error));
  return lock_fd;
}

Test (instance_setup, needs_not_wait_for_nobody)
{
  assert_success (await (&error));
  close (hold ("container a"));
  assert_success (await (&error));
}

Test (instance_setup, waits_for_no_program)
{
  static const char *const holders[] = { "vtpmctl export", "container ../a", "container ", "a" };

  for (size_t i = 0; i < sizeof (holders) / sizeof (holders[0]); i++)
    {
      int lock_fd = hold (holders[i]);
      char message[80];

      snprintf (message, sizeof (message), "instance local/web is in use by %s", holders[i]);
      expect_error (await (&error), EBUSY, message);
      close (lock_fd);
    }
}

/* Its supervisor neither serves a socket nor has left: it is starting.  */
Test (instance_setup, waits_for_no_container_that_starts)
{
  int lock_fd = hold ("container a");

  expect_error (await (&error), EBUSY, "instance local/web is in use by container a");
  close (lock_fd);
}

/* What stands in for container a's supervisor: it holds the instance, answers
   one question, and then ends in order if it is stopping, or else with its
   client.  SUCCESSOR, if any, has the instance when it has ended.  */
static void
serve (int listen_fd, int dir_fd, int lock_fd, const char *state, const char *successor)
{
  static struct vtpm_message message;
  char status[160];
  int fd;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  snprintf (status, sizeof (status),
            "{\"state\":\"%s\",\"containerPid\":%d,\"supervisorPid\":1,\"emulatorPid\":1}", state,
            (int) getppid ());
  fcntl (listen_fd, F_SETFL, 0);
  fd = accept (listen_fd, NULL, NULL);
  vtpm_channel_receive (fd, &message, NULL);
  vtpm_channel_send_text (fd, VTPM_CONTROL_STATUS_IS, status, NULL);
  if (strcmp (state, "stopping") != 0)
    vtpm_channel_receive (fd, &message, NULL);
  if (successor != NULL && pwrite (lock_fd, successor, strlen (successor), 0) < 0)
    _exit (1);
  close (lock_fd);
  vtpm_rundir_remove (temp_path ("run"), "a", dir_fd, NULL);
  _exit (0);
}

static void
start_holder (const char *state)
{
  _cleanup_close_ int dir_fd = -1;
  _cleanup_close_ int listen_fd = -1;
  _cleanup_close_ int lock_fd = hold ("container a");
  pid_t pid;

  signal (SIGPIPE, SIG_IGN);
  assert_success (vtpm_rundir_create (temp_path ("run"), "a", &dir_fd, &error));
  assert_success (vtpm_rundir_listen (dir_fd, &listen_fd, &error));
  pid = fork ();
  cr_assert_geq (pid, 0);
  if (pid == 0)
    serve (listen_fd, dir_fd, lock_fd, state, NULL);
}

Test (instance_setup, waits_for_a_container_that_ends)
{
  start_holder ("stopping");
  assert_success (await (&error));
  wait (NULL);
}

Test (instance_setup, waits_for_no_container_that_goes_on)
{
  static const char *const states[] = { "starting", "offered", "serving", "restarting", "failed" };

  for (size_t i = 0; i < sizeof (states) / sizeof (states[0]); i++)
    {
      start_holder (states[i]);
      expect_error (await (&error), EBUSY, "instance local/web is in use by container a");
      wait (NULL);
    }
}

/* Another container was faster.  */
Test (instance_setup, may_be_taken_meanwhile)
{
  _cleanup_close_ int lock_fd = hold ("container a");
  _cleanup_close_ int dir_fd = -1;
  _cleanup_close_ int listen_fd = -1;
  pid_t pid;

  assert_success (vtpm_rundir_create (temp_path ("run"), "a", &dir_fd, &error));
  assert_success (vtpm_rundir_listen (dir_fd, &listen_fd, &error));
  pid = fork ();
  cr_assert_geq (pid, 0);
  if (pid == 0)
    serve (listen_fd, dir_fd, lock_fd, "stopping", "container b\n");
  expect_error (await (&error), EBUSY, "instance local/web is in use by container b");
  wait (NULL);
}

Test (instance_setup, does_not_wait_for_ever)
{
  vtpm_deadline soon = vtpm_deadline_after_seconds (0) + 50 * 1000000;
  int lock_fd = hold ("container a");
  _cleanup_close_ int dir_fd = -1;
  _cleanup_close_ int listen_fd = -1;

  assert_success (vtpm_rundir_create (temp_path ("run"), "a", &dir_fd, &error));
  assert_success (vtpm_rundir_listen (dir_fd, &listen_fd, &error));
  expect_error (await_for (soon, &error), ETIMEDOUT,
                "instance local/web is in use by container a: ");
  close (lock_fd);
}
