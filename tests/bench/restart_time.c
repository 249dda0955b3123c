/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * restart_time COUNT SUPERVISOR EMULATOR DIR
 *
 * Measures, on this machine and without a kernel's driver in between, how long a
 * TPM's user waits when its emulator is killed: from SIGKILL to the response to
 * a command that is sent right then.  Beside it, in turns, a plain process: fork,
 * exec of a dynamically linked program that does nothing, and its exit.  Prints
 * "restart/ours<TAB>MICROSECONDS" and "restart/process<TAB>MICROSECONDS" each time.
 *
 * It is the hook, the container and the kernel to the supervisor, which has its
 * run-time directory in DIR.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "bench_clock.h"
#include "channel.h"
#include "child.h"
#include "control_client.h"
#include "protocol.h"
#include "tpm_seed.h"

#define ID "bench"
#define PATIENCE_SECONDS 60u

/* TPM2_GetRandom but for its last byte: how many bytes.  */
static const char get_random[] = "\x80\x01" "\0\0\0\x0c" "\0\0\x01\x7b" "\0";
#define RESPONSE_HEAD 12
#define RANDOM_MAX 32

static __attribute__ ((__noreturn__)) void
die (const char *what, const struct vtpm_error *error)
{
  fprintf (stderr, "restart_time: %s: %s\n", what,
           error != NULL ? vtpm_error_message (error) : strerror (errno));
  exit (1);
}

static pid_t
start_container (void)
{
  pid_t pid = fork ();

  if (pid != 0)
    return pid;
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  for (;;)
    pause ();
}

static __attribute__ ((__noreturn__)) void
become_supervisor (char **argv, pid_t container, const int *fds)
{
  struct vtpm_error *error = NULL;
  char pid[16];

  snprintf (pid, sizeof (pid), "%d", (int) container);
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (vtpm_child_arrange_descriptors (fds, 4, VTPM_CHILD_STDIO_NULL, &error) == 0)
    execl (argv[2], argv[2], "--container-id", ID, "--container-pid", pid,
           "--restarts-per-minute", "1000000", "--log-level", "error", "--run-dir", argv[4],
           "--emulator", argv[3], (char *) NULL);
  _exit (127);
}

static void
expect (int hook_fd, uint32_t type)
{
  struct vtpm_message message;
  struct vtpm_error *error = NULL;

  if (vtpm_channel_receive (hook_fd, &message, &error) != VTPM_RECEIVE_MESSAGE)
    die ("the supervisor", error);
  if (message.type != type)
    {
      fprintf (stderr, "restart_time: %s\n", (const char *) message.payload);
      exit (1);
    }
}

/* Returns the kernel's side of the device pair.  */
static int
start_vtpm (char **argv)
{
  pid_t container = start_container ();
  struct vtpm_error *error = NULL;
  int hook[2], server[2], fds[4];

  if (vtpm_channel_pair (hook, &error) < 0 || vtpm_channel_pair (server, &error) < 0)
    die ("channels", error);
  fds[0] = server[1];
  fds[1] = hook[1];
  fds[2] = (int) syscall (SYS_pidfd_open, container, 0);
  if (vtpm_tpm_seed_create_empty (&fds[3], &error) < 0)
    die ("the seed", error);
  if (fork () == 0)
    become_supervisor (argv, container, fds);
  close (server[1]);
  close (hook[1]);
  expect (hook[0], VTPM_START_READY);
  if (vtpm_channel_send_text (hook[0], VTPM_START_RECORD, "{}", &error) < 0)
    die ("the supervisor", error);
  expect (hook[0], VTPM_START_RECORDED);
  close (hook[0]);
  return server[0];
}

/* An emulator that is killed right after it has answered may not have noted that,
   and then the next one answers again.  A device does not pass that on; here it
   is told by its size.  */
static void
exchange (int server_fd)
{
  static unsigned char size;
  char command[sizeof (get_random)], response[4096];
  ssize_t got;

  size = (unsigned char) (size % RANDOM_MAX + 1);
  memcpy (command, get_random, sizeof (get_random) - 1);
  command[sizeof (command) - 1] = (char) size;
  if (write (server_fd, command, sizeof (command)) < 0)
    die ("TPM2_GetRandom", NULL);
  do
    got = read (server_fd, response, sizeof (response));
  while (got > 0 && got != RESPONSE_HEAD + size);
  if (got <= 0)
    die ("TPM2_GetRandom", NULL);
}

static pid_t
get_emulator_pid (int control_fd)
{
  struct vtpm_control_status status;
  struct vtpm_error *error = NULL;

  if (vtpm_control_get_status (control_fd, vtpm_deadline_after_seconds (PATIENCE_SECONDS), &status,
                               &error)
      < 0)
    die ("the supervisor", error);
  return status.emulator_pid;
}

static void
measure_restart (int server_fd, int control_fd)
{
  pid_t emulator;
  double begin;

  exchange (server_fd);
  emulator = get_emulator_pid (control_fd);
  begin = bench_now_us ();
  if (kill (emulator, SIGKILL) < 0)
    die ("kill", NULL);
  exchange (server_fd);
  printf ("restart/ours\t%.0f\n", bench_now_us () - begin);
}

static void
measure_process (void)
{
  double begin = bench_now_us ();
  pid_t pid = fork ();

  if (pid == 0)
    {
      execl ("/bin/true", "true", (char *) NULL);
      _exit (127);
    }
  if (pid < 0 || waitpid (pid, NULL, 0) != pid)
    die ("/bin/true", NULL);
  printf ("restart/process\t%.0f\n", bench_now_us () - begin);
}

int
main (int argc, char **argv)
{
  struct vtpm_error *error = NULL;
  int count, server_fd, control_fd;

  if (argc != 5 || (count = atoi (argv[1])) <= 0)
    {
      fputs ("usage: restart_time COUNT SUPERVISOR EMULATOR DIR\n", stderr);
      return 2;
    }
  signal (SIGPIPE, SIG_IGN);
  server_fd = start_vtpm (argv);
  if (vtpm_control_connect (argv[4], ID, vtpm_deadline_after_seconds (PATIENCE_SECONDS),
                            &control_fd, &error)
      < 0)
    die ("the supervisor", error);
  for (int i = 0; i < count; i++)
    {
      measure_restart (server_fd, control_fd);
      measure_process ();
    }
  if (vtpm_control_stop (control_fd, vtpm_deadline_after_seconds (PATIENCE_SECONDS), &error) < 0)
    die ("the supervisor", error);
  return 0;
}
