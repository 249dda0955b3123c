/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "control_client.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "channel.h"
#include "control_server.h"
#include "expect_error.h"
#include "protocol.h"
#include "rundir.h"
#include "temp_dir.h"

#define PATIENCE_SECONDS 60u

static void
set_up (void)
{
  signal (SIGPIPE, SIG_IGN);
  make_temp_dir ();
}

TestSuite (control_client, .init = set_up, .fini = remove_temp_dir, .timeout = 120);

static vtpm_deadline
patience (void)
{
  return vtpm_deadline_after_seconds (PATIENCE_SECONDS);
}

static vtpm_deadline
milliseconds (int64_t count)
{
  return vtpm_deadline_after_seconds (0) + count * 1000000;
}

/* A server that is what a supervisor runs, in a process of its own.  */

static void
get_status (void *context, char *text, size_t size)
{
  (void) context;
  snprintf (text, size,
            "{\"state\":\"serving\",\"containerPid\":17,\"supervisorPid\":%d,\"emulatorPid\":0,"
            "\"instance\":\"local/web\",\"emulatorRestarts\":3,\"more\":[]}",
            (int) getpid ());
}

static void
stop (void *context)
{
  *(bool *) context = true;
}

static void
serve (int listen_fd)
{
  static const struct vtpm_control_ops ops = { .get_status = get_status, .stop = stop };
  struct vtpm_control_server *server = NULL;
  struct vtpm_event_loop loop;
  bool stopped = false;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (vtpm_event_loop_open (&loop, NULL) < 0
      || vtpm_control_server_open (&loop, listen_fd, &ops, &stopped, &server, NULL) < 0)
    _exit (1);
  while (!stopped)
    vtpm_event_loop_run_once (&loop, NULL);
  _exit (0);
}

static pid_t
start_server (void)
{
  _cleanup_close_ int dir_fd = -1;
  _cleanup_close_ int listen_fd = -1;
  pid_t pid;

  assert_success (vtpm_rundir_create (temp_dir, "id", &dir_fd, &error));
  assert_success (vtpm_rundir_listen (dir_fd, &listen_fd, &error));
  pid = fork ();
  cr_assert_geq (pid, 0);
  if (pid == 0)
    serve (listen_fd);
  return pid;
}

static void
expect_exit (pid_t pid)
{
  int status;

  cr_assert_eq (waitpid (pid, &status, 0), pid);
  cr_expect_eq (status, 0, "wait status 0x%x", status);
}

static void
check_status (int fd, pid_t server)
{
  struct vtpm_control_status status;

  assert_success (vtpm_control_get_status (fd, patience (), &status, &error));
  cr_expect_str_eq (status.state, "serving");
  cr_expect_eq (status.container_pid, 17);
  cr_expect_eq (status.supervisor_pid, server);
  cr_expect_eq (status.emulator_pid, 0);
  cr_expect_str_eq (status.instance, "local/web");
  cr_expect_eq (status.emulator_restarts, 3);
}

Test (control_client, asks_and_stops_a_server)
{
  pid_t server = start_server ();
  _cleanup_close_ int asking = -1;
  _cleanup_close_ int stopping = -1;
  int late;

  assert_success (vtpm_control_connect (temp_dir, "id", patience (), &asking, &error));
  assert_success (vtpm_control_connect (temp_dir, "id", patience (), &stopping, &error));
  check_status (asking, server);
  check_status (asking, server);
  assert_success (vtpm_control_stop (stopping, patience (), &error));
  assert_success (vtpm_control_wait_gone (asking, patience (), &error));
  expect_exit (server);
  assert_success (vtpm_control_stop (asking, patience (), &error));
  expect_error (vtpm_control_connect (temp_dir, "id", patience (), &late, &error), ECONNREFUSED,
                "/id: cannot connect");
}

Test (control_client, misses_a_server)
{
  _cleanup_close_ int dir_fd = -1;
  int fd = -1;

  expect_error (vtpm_control_connect (temp_dir, "id", patience (), &fd, &error), ENOENT, "/id");
  assert_success (vtpm_rundir_create (temp_dir, "id", &dir_fd, &error));
  expect_error (vtpm_control_connect (temp_dir, "id", patience (), &fd, &error), ENOENT,
                "/id: cannot connect");
  cr_expect_eq (fd, -1);
}

/* A supervisor that does not accept: connect(2) waits once its backlog is
   full.  */
Test (control_client, does_not_wait_long_to_connect)
{
  _cleanup_close_ int dir_fd = -1;
  _cleanup_close_ int listen_fd = -1;
  int waiting[64];
  int count = 0;

  assert_success (vtpm_rundir_create (temp_dir, "id", &dir_fd, &error));
  assert_success (vtpm_rundir_listen (dir_fd, &listen_fd, &error));
  while (count < 64
         && vtpm_control_connect (temp_dir, "id", milliseconds (20), &waiting[count], NULL) == 0)
    count++;
  cr_expect_gt (count, 0);
  cr_expect_lt (count, 64);
}

/* A hostile server: what it answers is in the socket before it is asked.  */

static int client, server;

static void
open_pair (void)
{
  int ends[2];

  assert_success (vtpm_channel_pair (ends, &error));
  client = ends[0];
  server = ends[1];
}

static void
close_pair (void)
{
  close (client);
  close (server);
}

struct bad_answer
{
  const char *text;
  int errnum;
  const char *message;
};

#define SERVING "{\"state\":\"serving\",\"containerPid\":1,"
#define PIDS ",\"supervisorPid\":1,\"emulatorPid\":1}"

Test (control_client, checks_the_status)
{
  static const struct bad_answer answers[] = {
    { "", EINVAL, "ends too early" },
    { "garbage", EINVAL, "the supervisor's status: line 1" },
    { "[]", EINVAL, "not a JSON object" },
    { "{}", ENOENT, "\"state\" is missing" },
    { "{\"state\":1}", EINVAL, "\"state\" is of type int" },
    { "{\"state\":\"serving\"}", ENOENT, "\"containerPid\" is missing" },
    { "{\"state\":\"serving\",\"containerPid\":1}", ENOENT, "\"supervisorPid\" is missing" },
    { "{\"state\":\"serving\",\"containerPid\":-1" PIDS, ERANGE, "\"containerPid\" is -1" },
    { "{\"state\":\"serving\",\"containerPid\":2147483648" PIDS, ERANGE, "\"containerPid\"" },
    { "{\"state\":\"serving\",\"containerPid\":\"1\"" PIDS, EINVAL, "of type string" },
    { "{\"state\":\"sixteen-letters-\",\"containerPid\":1" PIDS, EPROTO, "is too long" },
    { "{\"state\":\"a\\u0000b\",\"containerPid\":1" PIDS, EINVAL, "contains a NUL byte" },
    { SERVING "\"instance\":1" PIDS, EINVAL, "\"instance\" is of type int" },
    { SERVING "\"instance\":\"../web\"" PIDS, EINVAL, "the supervisor's status: " },
    { SERVING "\"instance\":\"\"" PIDS, EINVAL, "the supervisor's status: " },
    { SERVING "\"emulatorRestarts\":-1" PIDS, ERANGE, "\"emulatorRestarts\" is -1" },
    { SERVING "\"emulatorRestarts\":\"1\"" PIDS, EINVAL, "of type string" },
  };

  for (size_t i = 0; i < sizeof (answers) / sizeof (answers[0]); i++)
    {
      struct vtpm_control_status status = { .state = "before", .container_pid = 99 };

      open_pair ();
      assert_success (
          vtpm_channel_send_text (server, VTPM_CONTROL_STATUS_IS, answers[i].text, &error));
      expect_error (vtpm_control_get_status (client, patience (), &status, &error),
                    answers[i].errnum, answers[i].message);
      cr_expect_str_eq (status.state, "before", "%s", answers[i].text);
      cr_expect_eq (status.container_pid, 99, "%s", answers[i].text);
      close_pair ();
    }
}

Test (control_client, takes_the_longest_state)
{
  struct vtpm_control_status status;

  open_pair ();
  assert_success (vtpm_channel_send_text (server, VTPM_CONTROL_STATUS_IS,
                                          "{\"state\":\"fifteen-letters\",\"containerPid\":1" PIDS,
                                          &error));
  assert_success (vtpm_control_get_status (client, patience (), &status, &error));
  cr_expect_str_eq (status.state, "fifteen-letters");
  cr_expect_str_eq (status.instance, "");
  cr_expect_eq (status.emulator_restarts, 0);
}

Test (control_client, resumes)
{
  struct vtpm_message message;

  open_pair ();
  assert_success (vtpm_channel_send (server, VTPM_CONTROL_RESUMING, NULL, 0, &error));
  assert_success (vtpm_control_resume (client, patience (), &error));
  cr_assert_eq (vtpm_channel_receive (server, &message, NULL), VTPM_RECEIVE_MESSAGE);
  cr_expect_eq (message.type, VTPM_CONTROL_RESUME);
  cr_expect_eq (message.length, 0);
}

Test (control_client, says_why_it_may_not_resume)
{
  open_pair ();
  assert_success (vtpm_channel_send_text (server, VTPM_CONTROL_REFUSED,
                                          "it is \x1b[31mserving", &error));
  expect_error (vtpm_control_resume (client, patience (), &error), ECANCELED,
                "it is ?[31mserving");
  assert_success (vtpm_channel_send (server, VTPM_CONTROL_STOPPING, NULL, 0, &error));
  expect_error (vtpm_control_resume (client, patience (), &error), EPROTO,
                "the supervisor answered message type 0x303");
  expect_error (vtpm_control_resume (client, milliseconds (20), &error), ETIMEDOUT,
                "did not answer in time");
  cr_assert_eq (shutdown (server, SHUT_WR), 0);
  expect_error (vtpm_control_resume (client, patience (), &error), ECONNRESET,
                "the supervisor has ended");
}

Test (control_client, refuses_other_types)
{
  static const uint32_t types[]
      = { 0, VTPM_CONTROL_STATUS, VTPM_CONTROL_STOPPING, VTPM_START_READY, UINT32_MAX };

  for (size_t i = 0; i < sizeof (types) / sizeof (types[0]); i++)
    {
      struct vtpm_control_status status;

      open_pair ();
      assert_success (vtpm_channel_send_text (server, types[i], "{}", &error));
      expect_error (vtpm_control_get_status (client, patience (), &status, &error), EPROTO,
                    "the supervisor answered message type 0");
      close_pair ();
    }
}

Test (control_client, refuses_malformed_records)
{
  struct vtpm_control_status status;

  open_pair ();
  cr_assert_eq (write (server, "x", 1), 1);
  expect_error (vtpm_control_get_status (client, patience (), &status, &error), EPROTO,
                "the supervisor's answer: a message of 1 bytes");
  cr_assert_eq (write (server, "x", 1), 1);
  expect_error (vtpm_control_wait_gone (client, patience (), &error), EPROTO,
                "the supervisor's answer");
}

Test (control_client, waits_no_longer_than_its_deadline)
{
  struct vtpm_control_status status;

  open_pair ();
  expect_error (vtpm_control_get_status (client, milliseconds (20), &status, &error), ETIMEDOUT,
                "did not answer in time");
  expect_error (vtpm_control_stop (client, milliseconds (20), &error), ETIMEDOUT,
                "did not answer in time");
  expect_error (vtpm_control_wait_gone (client, milliseconds (20), &error), ETIMEDOUT,
                "did not answer in time");
}

/* A peer that talks for ever is no reason to listen for ever.  */
Test (control_client, ends_with_its_deadline_under_a_flood)
{
  pid_t pid;

  open_pair ();
  pid = fork ();
  if (pid == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      for (;;)
        vtpm_channel_send (server, VTPM_CONTROL_STOPPING, NULL, 0, NULL);
    }
  expect_error (vtpm_control_stop (client, milliseconds (100), &error), ETIMEDOUT,
                "did not answer in time");
  kill (pid, SIGKILL);
  waitpid (pid, NULL, 0);
}

/* Not even what is there already counts after the deadline.  */
Test (control_client, takes_nothing_after_its_deadline)
{
  struct vtpm_control_status status;

  open_pair ();
  assert_success (vtpm_channel_send_text (
      server, VTPM_CONTROL_STATUS_IS, "{\"state\":\"serving\",\"containerPid\":1" PIDS, &error));
  cr_assert_eq (shutdown (server, SHUT_WR), 0);
  expect_error (vtpm_control_get_status (client, 0, &status, &error), ETIMEDOUT,
                "did not answer in time");
  expect_error (vtpm_control_wait_gone (client, 0, &error), ETIMEDOUT, "did not answer in time");
}

/* The server closes after, and before, the question.  */
Test (control_client, notices_the_end)
{
  struct vtpm_control_status status;

  open_pair ();
  cr_assert_eq (shutdown (server, SHUT_WR), 0);
  expect_error (vtpm_control_get_status (client, patience (), &status, &error), ECONNRESET,
                "the supervisor has ended");
  assert_success (vtpm_control_wait_gone (client, patience (), &error));
  assert_success (vtpm_control_stop (client, patience (), &error));
  close_pair ();

  open_pair ();
  close (server);
  expect_error (vtpm_control_get_status (client, patience (), &status, &error), EPIPE,
                "cannot send");
  assert_success (vtpm_control_stop (client, patience (), &error));
}

Test (control_client, reads_past_what_comes_before_the_end)
{
  open_pair ();
  for (int i = 0; i < 3; i++)
    assert_success (vtpm_channel_send (server, VTPM_CONTROL_STOPPING, NULL, 0, &error));
  cr_assert_eq (shutdown (server, SHUT_WR), 0);
  assert_success (vtpm_control_stop (client, patience (), &error));
}

Test (control_client, may_not_want_the_error)
{
  cr_expect_eq (vtpm_control_stop (-1, patience (), NULL), -1);
}
