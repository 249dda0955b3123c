/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "control_server.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "channel.h"
#include "expect_error.h"
#include "log.h"
#include "protocol.h"
#include "rundir.h"
#include "temp_dir.h"

/* As many as the server has places for.  */
#define CLIENTS_MAX 16

/* The server runs in the test's own process, one event at a time: each step of
   a test knows how many events it has made.  */
static struct vtpm_event_loop loop;
static struct vtpm_control_server *server;
static int dir_fd = -1;
static int stops, warnings;

static void
get_status (void *context, char *text, size_t size)
{
  snprintf (text, size, "{\"context\":\"%s\"}", (const char *) context);
}

static void
stop (void *context)
{
  cr_expect_str_eq ((const char *) context, "ours");
  stops++;
}

static bool resumable;

static bool
resume (void *context, char *why, size_t size)
{
  cr_expect_str_eq ((const char *) context, "ours");
  snprintf (why, size, "it is well");
  return resumable;
}

static void
count_warnings (enum vtpm_log_level level, const char *line, void *context)
{
  (void) line;
  (void) context;
  warnings += level == VTPM_LOG_WARNING;
}

static void
open_server (void)
{
  static const struct vtpm_control_ops ops
      = { .get_status = get_status, .stop = stop, .resume = resume };
  int listen_fd;

  signal (SIGPIPE, SIG_IGN);
  vtpm_log_to_sink (count_warnings, NULL);
  make_temp_dir ();
  assert_success (vtpm_event_loop_open (&loop, &error));
  assert_success (vtpm_rundir_create (temp_dir, "id", &dir_fd, &error));
  assert_success (vtpm_rundir_listen (dir_fd, &listen_fd, &error));
  assert_success (
      vtpm_control_server_open (&loop, listen_fd, &ops, (void *) "ours", &server, &error));
}

static void
close_server (void)
{
  vtpm_control_server_close (server);
  vtpm_event_loop_close (&loop);
  remove_temp_dir ();
}

TestSuite (control_server, .init = open_server, .fini = close_server, .timeout = 60);

static int
connect_client (void)
{
  int fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  assert_success (vtpm_rundir_connect (dir_fd, fd, &error));
  return fd;
}

static void
run (int count)
{
  for (int i = 0; i < count; i++)
    assert_success (vtpm_event_loop_run_once (&loop, &error));
}

static void
expect_message (int fd, uint32_t type, const char *text)
{
  struct vtpm_message message;

  cr_assert_eq (vtpm_channel_receive (fd, &message, NULL), VTPM_RECEIVE_MESSAGE);
  cr_expect_eq (message.type, type);
  cr_expect_str_eq ((const char *) message.payload, text);
}

static void
expect_receive (int fd, enum vtpm_receive_result expected)
{
  struct vtpm_message message;
  enum vtpm_receive_result result = vtpm_channel_receive (fd, &message, NULL);

  cr_expect_eq (result, expected, "%d", (int) result);
}

static void
ask (int fd, uint32_t type)
{
  assert_success (vtpm_channel_send (fd, type, NULL, 0, &error));
}

static void
check_answers (void)
{
  _cleanup_close_ int client = connect_client ();

  run (1);
  for (int i = 0; i < 3; i++)
    {
      ask (client, VTPM_CONTROL_STATUS);
      run (1);
      expect_message (client, VTPM_CONTROL_STATUS_IS, "{\"context\":\"ours\"}");
    }
  expect_receive (client, VTPM_RECEIVE_WOULD_BLOCK);
  cr_expect_eq (stops, 0);
}

Test (control_server, answers_as_often_as_it_is_asked)
{
  check_answers ();
}

Test (control_server, stops_and_keeps_its_client)
{
  _cleanup_close_ int client = connect_client ();

  run (1);
  ask (client, VTPM_CONTROL_STOP);
  run (1);
  cr_expect_eq (stops, 1);
  expect_message (client, VTPM_CONTROL_STOPPING, "");
  expect_receive (client, VTPM_RECEIVE_WOULD_BLOCK);
  vtpm_control_server_close (server);
  server = NULL;
  expect_receive (client, VTPM_RECEIVE_CLOSED);
}

Test (control_server, resumes_or_says_why_not)
{
  _cleanup_close_ int client = connect_client ();

  run (1);
  ask (client, VTPM_CONTROL_RESUME);
  run (1);
  expect_message (client, VTPM_CONTROL_REFUSED, "it is well");
  resumable = true;
  ask (client, VTPM_CONTROL_RESUME);
  run (1);
  expect_message (client, VTPM_CONTROL_RESUMING, "");
}

/* The wish counts, even if nobody waits for the answer.  */
Test (control_server, stops_for_a_client_that_has_gone)
{
  int client = connect_client ();

  run (1);
  ask (client, VTPM_CONTROL_STOP);
  close (client);
  run (1);
  cr_expect_eq (stops, 1);
}

static void
expect_dropped (const void *record, size_t size)
{
  _cleanup_close_ int client = connect_client ();

  run (1);
  cr_assert_eq (write (client, record, size), (ssize_t) size);
  run (1);
  expect_receive (client, VTPM_RECEIVE_CLOSED);
  cr_expect_eq (stops, 0);
}

Test (control_server, drops_a_client_for_an_unlisted_request)
{
  static const uint32_t types[] = { 0,
                                    VTPM_CONTROL_STATUS - 1,
                                    VTPM_CONTROL_STATUS_IS,
                                    VTPM_CONTROL_STOPPING,
                                    VTPM_EMULATOR_STOP,
                                    UINT32_MAX };

  for (size_t i = 0; i < sizeof (types) / sizeof (types[0]); i++)
    expect_dropped (&types[i], sizeof (types[i]));
  cr_expect_eq (warnings, sizeof (types) / sizeof (types[0]));
}

Test (control_server, drops_a_client_for_a_malformed_request)
{
  static const uint32_t requests[][2] = { { VTPM_CONTROL_STATUS, 0 }, { VTPM_CONTROL_STOP, 1 } };
  static char huge[60000];

  expect_dropped (requests[0], sizeof (requests[0]));
  expect_dropped (requests[1], sizeof (requests[1]) - 3);
  expect_dropped ("abc", 3);
  expect_dropped (huge, sizeof (huge));
}

Test (control_server, forgets_a_client_that_leaves)
{
  for (int i = 0; i < 3 * CLIENTS_MAX; i++)
    {
      int client = connect_client ();

      run (1);
      close (client);
      run (1);
    }
  check_answers ();
}

Test (control_server, turns_away_more_than_it_has_places_for)
{
  int clients[CLIENTS_MAX];
  _cleanup_close_ int late = -1;

  for (int i = 0; i < CLIENTS_MAX; i++)
    {
      clients[i] = connect_client ();
      run (1);
    }
  late = connect_client ();
  run (1);
  expect_receive (late, VTPM_RECEIVE_CLOSED);

  close (clients[3]);
  run (1);
  clients[3] = connect_client ();
  run (1);
  for (int i = 0; i < CLIENTS_MAX; i++)
    {
      ask (clients[i], VTPM_CONTROL_STATUS);
      run (1);
      expect_message (clients[i], VTPM_CONTROL_STATUS_IS, "{\"context\":\"ours\"}");
    }
}

static bool
has_hung_up (int fd)
{
  struct pollfd wait = { .fd = fd };

  return poll (&wait, 1, 0) > 0 && (wait.revents & POLLHUP) != 0;
}

/* Its answers pile up in the kernel only until its buffer is full; the server
   never waits.  */
Test (control_server, drops_a_client_that_does_not_read)
{
  _cleanup_close_ int deaf = connect_client ();
  _cleanup_close_ int other = connect_client ();
  int asked = 0;

  run (2);
  while (!has_hung_up (deaf))
    {
      cr_assert_lt (asked++, 100000);
      ask (deaf, VTPM_CONTROL_STATUS);
      run (1);
    }
  ask (other, VTPM_CONTROL_STATUS);
  run (1);
  expect_message (other, VTPM_CONTROL_STATUS_IS, "{\"context\":\"ours\"}");
}

/* A connection as somebody who is neither root nor the server's user, even if
   the directory lets him in.  */
Test (control_server, turns_away_other_users)
{
  int status;
  pid_t pid;

  cr_assert_eq (geteuid (), 0, "this test becomes another user: run it as root");
  cr_assert_eq (chmod (temp_dir, 0711), 0);
  cr_assert_eq (fchmod (dir_fd, 0711), 0);
  cr_assert_eq (chmod (temp_path ("id/control"), 0666), 0);
  pid = fork ();
  if (pid == 0)
    {
      struct vtpm_message message;
      int fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

      if (setgroups (0, NULL) < 0 || setgid (65534) < 0 || setuid (65534) < 0)
        _exit (1);
      if (vtpm_rundir_connect (dir_fd, fd, NULL) < 0)
        _exit (2);
      vtpm_channel_send (fd, VTPM_CONTROL_STOP, NULL, 0, NULL);
      _exit (vtpm_channel_receive (fd, &message, NULL) == VTPM_RECEIVE_CLOSED ? 0 : 3);
    }
  run (1);
  cr_assert_eq (waitpid (pid, &status, 0), pid);
  cr_expect_eq (status, 0, "wait status 0x%x", status);
  cr_expect_eq (stops, 0);
}

Test (control_server, may_be_none)
{
  vtpm_control_server_close (NULL);
}

Test (control_server, needs_a_socket)
{
  static const struct vtpm_control_ops ops;
  struct vtpm_control_server *none = NULL;

  expect_error (vtpm_control_server_open (&loop, -1, &ops, NULL, &none, &error), EBADF,
                "cannot watch descriptor -1");
  cr_expect_null (none);
}
