/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "emulator_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "channel.h"
#include "expect_error.h"
#include "protocol.h"
#include "temp_dir.h"

static void
set_up (void)
{
  signal (SIGPIPE, SIG_IGN);
  make_temp_dir ();
}

TestSuite (emulator_process, .init = set_up, .fini = remove_temp_dir, .timeout = 60);

static int server[2];

/* Starts the fake emulator that behaves as NAME says.  */
static struct vtpm_emulator_process
start_as (const char *name, struct vtpm_emulator_start start)
{
  struct vtpm_emulator_process process = { 0 };
  _cleanup_close_ int program_fd = -1;
  _cleanup_close_ int journal_fd = open ("/dev/null", O_RDWR | O_CLOEXEC);

  start.program = temp_path (name);
  start.server_fd = server[1];
  start.journal_fd = journal_fd;
  cr_assert_eq (symlink (FAKE_EMULATOR, start.program), 0);
  program_fd = open (start.program, O_PATH | O_CLOEXEC);
  cr_assert_geq (program_fd, 0);
  start.program_fd = program_fd;
  assert_success (vtpm_emulator_process_start (&start, &process, &error));
  cr_assert_gt (process.pid, 0);
  return process;
}

static struct vtpm_emulator_process
start (const char *name, enum vtpm_tpm_version version, enum vtpm_log_level log_level)
{
  const struct vtpm_emulator_start start = { .version = version, .log_level = log_level };

  return start_as (name, start);
}

static void
open_server (void)
{
  assert_success (vtpm_channel_pair (server, &error));
}

static void
receive (const struct vtpm_emulator_process *process, struct vtpm_message *message)
{
  struct pollfd wait = { .fd = process->channel_fd, .events = POLLIN };

  cr_assert_eq (poll (&wait, 1, -1), 1);
  cr_assert_eq (vtpm_channel_receive (process->channel_fd, message, NULL), VTPM_RECEIVE_MESSAGE);
}

/* Waits for its end as a supervisor does.  */
static void
expect_end (struct vtpm_emulator_process *process, const char *expected)
{
  struct pollfd wait = { .fd = process->pidfd, .events = POLLIN };
  char how[128];

  cr_assert_eq (poll (&wait, 1, -1), 1);
  vtpm_emulator_process_reap (process, how, sizeof (how));
  cr_expect_str_eq (how, expected);
  cr_expect_eq (process->pid, 0);
  /* Harmless from now on: kill(0, ...) would be the end of us.  */
  vtpm_emulator_process_kill (process);
}

static void
expect_description (enum vtpm_tpm_version version, enum vtpm_log_level level, const char *expected)
{
  struct vtpm_emulator_process process = start ("describes", version, level);
  struct vtpm_message message;

  receive (&process, &message);
  cr_expect_eq (message.type, VTPM_EMULATOR_FAILED);
  cr_expect_str_eq ((const char *) message.payload, expected);
  expect_end (&process, "exit status 0");
  cr_assert_eq (unlink (temp_path ("describes")), 0);
}

/* The supervisor's own descriptors, close-on-exec or not, are not for it.  */
Test (emulator_process, inherits_what_it_needs_and_nothing_else)
{
  open_server ();
  cr_assert_geq (dup2 (server[0], 200), 0);
  cr_assert_geq (setenv ("LD_LIBRARY_PATH", "/tmp", 1), 0);
  expect_description (
      VTPM_TPM_2_0, VTPM_LOG_INFO,
      "descriptors 3 4 5 6, arguments describes --tpm-version 2.0 --log-level info, "
      "environment empty");
  expect_description (
      VTPM_TPM_1_2, VTPM_LOG_ERROR,
      "descriptors 3 4 5 6, arguments describes --tpm-version 1.2 --log-level error, "
      "environment empty");
}

Test (emulator_process, is_told_what_to_do)
{
  const struct vtpm_emulator_start start
      = { .persistent = true, .failure_mode = true, .refuse = UINT64_MAX };
  struct vtpm_emulator_process process;
  struct vtpm_message message;

  open_server ();
  process = start_as ("describes", start);
  receive (&process, &message);
  cr_expect_not_null (strstr ((const char *) message.payload,
                              " --persistent --failure-mode --refuse 18446744073709551615, "),
                      "%s", message.payload);
  expect_end (&process, "exit status 0");
}

/* An upgrade does not reach a vTPM that is in use.  */
Test (emulator_process, executes_what_was_opened)
{
  struct vtpm_emulator_start start = { .program = temp_path ("describes") };
  struct vtpm_emulator_process process = { 0 };
  struct vtpm_message message;

  open_server ();
  cr_assert_eq (symlink (FAKE_EMULATOR, start.program), 0);
  start.server_fd = start.journal_fd = server[1];
  start.program_fd = open (start.program, O_PATH | O_CLOEXEC);
  cr_assert_eq (unlink (start.program), 0);
  cr_assert_eq (symlink ("/bin/false", start.program), 0);
  assert_success (vtpm_emulator_process_start (&start, &process, &error));
  receive (&process, &message);
  expect_end (&process, "exit status 0");
}

Test (emulator_process, tells_a_kill_from_a_crash)
{
  struct vtpm_emulator_process process;
  struct pollfd wait = { .events = POLLIN };
  char how[128];

  open_server ();
  process = start ("silent", VTPM_TPM_2_0, VTPM_LOG_INFO);
  vtpm_emulator_process_kill (&process);
  wait.fd = process.pidfd;
  cr_assert_eq (poll (&wait, 1, -1), 1);
  cr_expect (vtpm_emulator_process_reap (&process, how, sizeof (how)));
  process = start ("crashes", VTPM_TPM_2_0, VTPM_LOG_INFO);
  wait.fd = process.pidfd;
  cr_assert_eq (poll (&wait, 1, -1), 1);
  cr_expect_not (vtpm_emulator_process_reap (&process, how, sizeof (how)));
}

static bool
blocks_and_ignores_signals (void)
{
  sigset_t all;

  sigfillset (&all);
  return sigprocmask (SIG_SETMASK, &all, NULL) == 0 && signal (SIGUSR1, SIG_IGN) != SIG_ERR;
}

/* It can be ended by SIGUSR1 although its parent blocks and ignores that.  */
Test (emulator_process, has_default_signals)
{
  struct vtpm_emulator_process process;

  open_server ();
  cr_assert (blocks_and_ignores_signals ());
  process = start ("crashes", VTPM_TPM_2_0, VTPM_LOG_INFO);
  expect_end (&process, "killed by signal 10 (User defined signal 1)");
}

Test (emulator_process, has_the_server_side_and_a_channel)
{
  struct vtpm_emulator_process process;
  struct vtpm_message message;

  open_server ();
  process = start ("loses-server", VTPM_TPM_2_0, VTPM_LOG_INFO);
  cr_expect_eq (fcntl (process.channel_fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  cr_expect_eq (fcntl (process.channel_fd, F_GETFD), FD_CLOEXEC);
  cr_expect_eq (fcntl (process.pidfd, F_GETFD), FD_CLOEXEC);
  receive (&process, &message);
  cr_expect_eq (message.type, VTPM_EMULATOR_READY);
  cr_expect_eq (vtpm_channel_receive (process.channel_fd, &message, NULL),
                VTPM_RECEIVE_WOULD_BLOCK);
  cr_assert_eq (write (server[0], "command", 7), 7);
  receive (&process, &message);
  cr_expect_eq (message.type, VTPM_EMULATOR_SERVER_GONE);
  assert_success (vtpm_channel_send (process.channel_fd, VTPM_EMULATOR_STOP, NULL, 0, &error));
  receive (&process, &message);
  cr_expect_eq (message.type, VTPM_EMULATOR_STOPPED);
  expect_end (&process, "exit status 0");
}

Test (emulator_process, says_how_it_ended)
{
  static const struct
  {
    const char *name;
    const char *how;
  } cases[] = {
    { "exits", "exit status 3" },
    { "fails", "exit status 1" },
    { "crashes", "killed by signal 10 (User defined signal 1)" },
  };

  open_server ();
  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      struct vtpm_emulator_process process = start (cases[i].name, VTPM_TPM_2_0, VTPM_LOG_INFO);

      expect_end (&process, cases[i].how);
    }
}

Test (emulator_process, is_killed)
{
  struct vtpm_emulator_process process;

  open_server ();
  process = start ("silent", VTPM_TPM_2_0, VTPM_LOG_INFO);
  vtpm_emulator_process_kill (&process);
  expect_end (&process, "killed by signal 9 (Killed)");
}

Test (emulator_process, cuts_how_it_ended)
{
  struct vtpm_emulator_process process;
  char how[8];

  open_server ();
  process = start ("exits", VTPM_TPM_2_0, VTPM_LOG_INFO);
  vtpm_emulator_process_reap (&process, how, sizeof (how));
  cr_expect_str_eq (how, "exit st");
}

/* What fails after the fork is said over the channel.  */
Test (emulator_process, reports_that_it_could_not_be_executed)
{
  static const char *const programs[] = { "/etc/passwd", "/dev/null", "/" };

  open_server ();
  for (size_t i = 0; i < sizeof (programs) / sizeof (programs[0]); i++)
    {
      _cleanup_close_ int program_fd = open (programs[i], O_PATH | O_CLOEXEC);
      const struct vtpm_emulator_start start = {
        .program = programs[i],
        .program_fd = program_fd,
        .server_fd = server[1],
        .journal_fd = server[1],
      };
      struct vtpm_emulator_process process = { 0 };
      struct vtpm_message message;
      char text[64];

      snprintf (text, sizeof (text), "cannot execute %s: ", programs[i]);
      assert_success (vtpm_emulator_process_start (&start, &process, &error));
      receive (&process, &message);
      cr_expect_eq (message.type, VTPM_EMULATOR_FAILED);
      cr_expect_not_null (strstr ((const char *) message.payload, text), "%s", message.payload);
      expect_end (&process, "exit status 127");
    }
}

Test (emulator_process, reports_that_there_is_no_server_side)
{
  _cleanup_close_ int program_fd = open (FAKE_EMULATOR, O_PATH | O_CLOEXEC);
  const struct vtpm_emulator_start start = {
    .program = FAKE_EMULATOR,
    .program_fd = program_fd,
    .server_fd = -1,
    .journal_fd = program_fd,
  };
  struct vtpm_emulator_process process = { 0 };
  struct vtpm_message message;

  assert_success (vtpm_emulator_process_start (&start, &process, &error));
  receive (&process, &message);
  cr_expect_eq (message.type, VTPM_EMULATOR_FAILED);
  cr_expect_str_eq ((const char *) message.payload,
                    "cannot copy a descriptor for a child: Bad file descriptor");
  expect_end (&process, "exit status 127");
}

/* Leaves room for COUNT more descriptors.  Returns the limit there was.  */
static struct rlimit
limit_descriptors (int count)
{
  struct rlimit old, limit;
  int last = -1;

  cr_assert_eq (getrlimit (RLIMIT_NOFILE, &old), 0);
  limit = (struct rlimit){ 256, old.rlim_max };
  cr_assert_eq (setrlimit (RLIMIT_NOFILE, &limit), 0);
  for (int fd = dup (STDERR_FILENO); fd >= 0; fd = dup (STDERR_FILENO))
    last = fd;
  while (count-- > 0)
    close (last--);
  return old;
}

static void
expect_no_start (int descriptors, const char *message)
{
  const struct vtpm_emulator_start start = { .program = "/nonexistent", .server_fd = server[1] };
  struct vtpm_emulator_process process = { 0 };
  struct rlimit old;

  old = limit_descriptors (descriptors);
  expect_error (vtpm_emulator_process_start (&start, &process, &error), EMFILE, message);
  cr_assert_eq (setrlimit (RLIMIT_NOFILE, &old), 0);
  cr_expect_eq (process.pid, 0, "it names a process that is gone");
  cr_expect_eq (waitpid (-1, NULL, WNOHANG), -1, "a child is left");
}

Test (emulator_process, needs_a_channel)
{
  open_server ();
  expect_no_start (0, "cannot make a socket pair");
}

Test (emulator_process, needs_a_pidfd)
{
  open_server ();
  expect_no_start (2, "cannot open a pidfd of the emulator");
}
