/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "existing_vtpm.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "channel.h"
#include "expect_error.h"
#include "protocol.h"
#include "rundir.h"
#include "temp_dir.h"

static void
set_up (void)
{
  signal (SIGPIPE, SIG_IGN);
  make_temp_dir ();
}

TestSuite (existing_vtpm, .init = set_up, .fini = remove_temp_dir, .timeout = 120);

static vtpm_deadline
patience (void)
{
  return vtpm_deadline_after_seconds (60);
}

static vtpm_deadline
a_moment (void)
{
  return vtpm_deadline_after_seconds (0) + 50 * 1000000;
}

/* What stands in for a supervisor: it answers the first question with STATUS,
   if there is one, and ends when the second comes or its client leaves.  */

static void
leave (const char *how, int dir_fd)
{
  if (strcmp (how, "orderly") == 0)
    vtpm_rundir_remove (temp_dir, "id", dir_fd, NULL);
  _exit (0);
}

static void
serve (int dir_fd, int listen_fd, const char *status, const char *how)
{
  static struct vtpm_message message;
  int fd;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (fcntl (listen_fd, F_SETFL, 0) < 0)
    _exit (1);
  fd = accept (listen_fd, NULL, NULL);
  if (vtpm_channel_receive (fd, &message, NULL) != VTPM_RECEIVE_MESSAGE)
    _exit (2);
  if (message.type == VTPM_CONTROL_STATUS && status[0] != '\0')
    {
      vtpm_channel_send_text (fd, VTPM_CONTROL_STATUS_IS, status, NULL);
      /* An orderly end of its own accord does not wait for the client.  */
      if (strcmp (how, "orderly") == 0 && strstr (status, "stopping") != NULL)
        leave (how, dir_fd);
      vtpm_channel_receive (fd, &message, NULL);
    }
  leave (how, dir_fd);
}

static void
start_server (const char *status, const char *how)
{
  _cleanup_close_ int dir_fd = -1;
  _cleanup_close_ int listen_fd = -1;

  assert_success (vtpm_rundir_create (temp_dir, "id", &dir_fd, &error));
  assert_success (vtpm_rundir_listen (dir_fd, &listen_fd, &error));
  switch (fork ())
    {
    case -1:
      cr_assert_fail ("cannot fork");
    case 0:
      serve (dir_fd, listen_fd, status, how);
      _exit (3);
    default:
      break;
    }
}

static void
expect_server_exit (void)
{
  int status;

  cr_assert_gt (wait (&status), 0);
  cr_expect_eq (status, 0, "wait status 0x%x", status);
}

static const char *
status_text (const char *state, pid_t container)
{
  static char text[256];

  snprintf (text, sizeof (text),
            "{\"state\":\"%s\",\"containerPid\":%d,\"supervisorPid\":1,\"emulatorPid\":1}", state,
            (int) container);
  return text;
}

/* A pid that is no longer anyone's.  */
static pid_t
dead_pid (void)
{
  pid_t pid = fork ();

  if (pid == 0)
    _exit (0);
  waitpid (pid, NULL, 0);
  return pid;
}

static bool
exists (const char *name)
{
  return access (temp_path (name), F_OK) == 0;
}

Test (existing_vtpm, may_be_nobody)
{
  bool served = true;

  assert_success (vtpm_existing_make_room (temp_dir, "id", 1, patience (), &served, &error));
  cr_expect_not (served);
  assert_success (vtpm_existing_end (temp_dir, "id", patience (), &error));
  assert_success (vtpm_existing_make_room ("/nonexistent", "id", 1, patience (), &served, &error));
  assert_success (vtpm_existing_end ("/nonexistent", "id", patience (), &error));
}

/* A killed supervisor's directory, with and without its socket.  */
Test (existing_vtpm, sweeps_what_is_stale)
{
  bool served = true;

  for (int i = 0; i < 4; i++)
    {
      int dir_fd, listen_fd;

      assert_success (vtpm_rundir_create (temp_dir, "id", &dir_fd, &error));
      if (i % 2 == 0)
        {
          assert_success (vtpm_rundir_listen (dir_fd, &listen_fd, &error));
          close (listen_fd);
        }
      close (dir_fd);
      if (i < 2)
        assert_success (vtpm_existing_make_room (temp_dir, "id", 1, patience (), &served, &error));
      else
        assert_success (vtpm_existing_end (temp_dir, "id", patience (), &error));
      cr_expect_not (served && i < 2);
      cr_expect_not (exists ("id"), "case %d", i);
    }
}

/* It lives, but does not serve its socket.  */
Test (existing_vtpm, waits_for_no_one_who_is_not_there_yet)
{
  _cleanup_close_ int dir_fd = -1;
  bool served = true;

  assert_success (vtpm_rundir_create (temp_dir, "id", &dir_fd, &error));
  expect_error (vtpm_existing_make_room (temp_dir, "id", 1, patience (), &served, &error), EBUSY,
                "another vTPM of this container is starting or ending");
  expect_error (vtpm_existing_end (temp_dir, "id", patience (), &error), EBUSY,
                "another vTPM of this container is starting or ending");
  cr_expect_not (served);
  cr_expect (exists ("id"));
}

Test (existing_vtpm, serves_this_container)
{
  bool served = false;

  start_server (status_text ("serving", getpid ()), "sudden");
  assert_success (
      vtpm_existing_make_room (temp_dir, "id", getpid (), patience (), &served, &error));
  cr_expect (served);
  expect_server_exit ();
}

/* It is this container's, but another hook has not finished.  */
Test (existing_vtpm, is_not_served_before_its_time)
{
  static const char *const states[] = { "starting", "offered", "nonsense" };

  for (size_t i = 0; i < sizeof (states) / sizeof (states[0]); i++)
    {
      bool served = true;

      start_server (status_text (states[i], getpid ()), "orderly");
      expect_error (
          vtpm_existing_make_room (temp_dir, "id", getpid (), patience (), &served, &error), EBUSY,
          "has a vTPM already");
      cr_expect_not (served);
      expect_server_exit ();
    }
}

Test (existing_vtpm, may_be_another_containers)
{
  char message[64];
  bool served = true;

  snprintf (message, sizeof (message), "its init is process %d", (int) getpid ());
  start_server (status_text ("serving", getpid ()), "sudden");
  expect_error (vtpm_existing_make_room (temp_dir, "id", 1, patience (), &served, &error), EBUSY,
                message);
  cr_expect_not (served);
  expect_server_exit ();
}

Test (existing_vtpm, is_waited_for_while_it_stops)
{
  bool served = true;

  start_server (status_text ("stopping", getpid ()), "orderly");
  assert_success (
      vtpm_existing_make_room (temp_dir, "id", getpid (), patience (), &served, &error));
  cr_expect_not (served);
  cr_expect_not (exists ("id"));
  expect_server_exit ();
}

/* The container's former life: its init is gone, and its supervisor has not
   noticed yet.  It never does here.  */
Test (existing_vtpm, is_waited_for_when_its_container_is_dead)
{
  bool served = true;

  start_server (status_text ("serving", dead_pid ()), "orderly");
  expect_error (vtpm_existing_make_room (temp_dir, "id", 1, a_moment (), &served, &error),
                ETIMEDOUT, "did not answer in time");
  cr_expect_not (served);
  expect_server_exit ();
}

/* Its parent has not waited for it yet.  */
Test (existing_vtpm, is_waited_for_when_its_container_is_a_zombie)
{
  bool served = true;
  pid_t pid = fork ();

  if (pid == 0)
    _exit (0);
  cr_assert_eq (waitid (P_PID, (id_t) pid, &(siginfo_t) { 0 }, WEXITED | WNOWAIT), 0);
  start_server (status_text ("serving", pid), "orderly");
  expect_error (vtpm_existing_make_room (temp_dir, "id", 1, a_moment (), &served, &error),
                ETIMEDOUT, "did not answer in time");
  waitpid (pid, NULL, 0);
  expect_server_exit ();
}

/* Its emulator is being started again: the container has its TPM.  */
Test (existing_vtpm, serves_while_it_restarts)
{
  bool served = false;

  start_server (status_text ("restarting", getpid ()), "sudden");
  assert_success (
      vtpm_existing_make_room (temp_dir, "id", getpid (), patience (), &served, &error));
  cr_expect (served);
  expect_server_exit ();
}

Test (existing_vtpm, may_be_awaited)
{
  bool ended = false;

  assert_success (vtpm_existing_await_end (temp_dir, "id", patience (), &ended, &error));
  cr_expect (ended, "where nobody is");
  start_server (status_text ("stopping", getpid ()), "orderly");
  assert_success (vtpm_existing_await_end (temp_dir, "id", patience (), &ended, &error));
  cr_expect (ended);
  cr_expect_not (exists ("id"));
  expect_server_exit ();
  start_server ("", "orderly");
  assert_success (vtpm_existing_await_end (temp_dir, "id", patience (), &ended, &error));
  cr_expect (ended, "ended between connection and answer");
  expect_server_exit ();
}

Test (existing_vtpm, is_not_awaited_while_its_container_lives)
{
  bool ended = true;

  start_server (status_text ("failed", getpid ()), "sudden");
  assert_success (vtpm_existing_await_end (temp_dir, "id", patience (), &ended, &error));
  cr_expect_not (ended);
  expect_server_exit ();
}

Test (existing_vtpm, is_not_awaited_for_ever)
{
  bool ended = true;

  start_server (status_text ("serving", dead_pid ()), "orderly");
  expect_error (vtpm_existing_await_end (temp_dir, "id", a_moment (), &ended, &error), ETIMEDOUT,
                "did not answer in time");
  expect_server_exit ();
}

/* What a killed supervisor left is for the hook of its own container.  */
Test (existing_vtpm, is_not_swept_for_another_container)
{
  int dir_fd = -1;
  bool ended = false;

  assert_success (vtpm_rundir_create (temp_dir, "id", &dir_fd, &error));
  close (dir_fd);
  assert_success (vtpm_existing_await_end (temp_dir, "id", patience (), &ended, &error));
  cr_expect (ended);
  cr_expect (exists ("id"));
}

/* It ends between our connection and its answer.  */
Test (existing_vtpm, may_end_meanwhile)
{
  bool served = true;

  start_server ("", "orderly");
  assert_success (vtpm_existing_make_room (temp_dir, "id", 1, patience (), &served, &error));
  cr_expect_not (served);
  cr_expect_not (exists ("id"));
  expect_server_exit ();
}

Test (existing_vtpm, may_answer_nonsense)
{
  bool served = true;

  start_server ("{\"state\":[]}", "orderly");
  expect_error (vtpm_existing_make_room (temp_dir, "id", 1, patience (), &served, &error), EINVAL,
                "the supervisor's status");
  cr_expect_not (served);
  expect_server_exit ();
}

Test (existing_vtpm, may_not_answer)
{
  _cleanup_close_ int dir_fd = -1;
  _cleanup_close_ int listen_fd = -1;
  bool served = true;

  assert_success (vtpm_rundir_create (temp_dir, "id", &dir_fd, &error));
  assert_success (vtpm_rundir_listen (dir_fd, &listen_fd, &error));
  expect_error (vtpm_existing_make_room (temp_dir, "id", 1, a_moment (), &served, &error),
                ETIMEDOUT, "did not answer in time");
  expect_error (vtpm_existing_end (temp_dir, "id", a_moment (), &error), ETIMEDOUT,
                "did not answer in time");
  cr_expect_eq (vtpm_existing_make_room (temp_dir, "id", 1, a_moment (), &served, NULL), -1);
  cr_expect_not (served);
}

Test (existing_vtpm, is_ended)
{
  start_server (status_text ("serving", getpid ()), "orderly");
  assert_success (vtpm_existing_end (temp_dir, "id", patience (), &error));
  cr_expect_not (exists ("id"));
  expect_server_exit ();
}

/* Whoever can write to the base must not lead the hook elsewhere.  */
Test (existing_vtpm, is_not_behind_a_symbolic_link)
{
  bool served = true;

  cr_assert_eq (mkdir (temp_path ("other"), 0700), 0);
  cr_assert_eq (symlink ("other", temp_path ("id")), 0);
  expect_error (vtpm_existing_make_room (temp_dir, "id", 1, patience (), &served, &error), ENOTDIR,
                "/id");
  expect_error (vtpm_existing_end (temp_dir, "id", patience (), &error), ENOTDIR, "/id");
  cr_expect_eq (vtpm_existing_end (temp_dir, "id", patience (), NULL), -1);
}
