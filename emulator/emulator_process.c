/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "emulator_process.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "channel.h"
#include "child.h"
#include "manufacture_spec.h"
#include "protocol.h"

/* Returns only if it fails.  */
static int
execute (const struct vtpm_emulator_start *start, struct vtpm_error **error)
{
  char refuse[24], banks[VTPM_SET_TEXT_SIZE], eks[VTPM_SET_TEXT_SIZE];
  char *const environment[] = { NULL };
  const char *arguments[] = {
    start->program,
    "--tpm-version", vtpm_tpm_version_name (start->version),
    "--log-level", vtpm_log_level_name (start->log_level),
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
  };
  size_t count = 5;

  if (start->persistent)
    arguments[count++] = "--persistent";
  if (start->failure_mode)
    arguments[count++] = "--failure-mode";
  if (start->pcr_banks != 0)
    {
      arguments[count++] = "--pcr-banks";
      arguments[count++] = vtpm_pcr_banks_format (start->pcr_banks, banks);
    }
  if (start->eks != 0)
    {
      arguments[count++] = "--ek";
      arguments[count++] = vtpm_key_types_format (start->eks, eks);
    }
  if (start->refuse != 0)
    {
      snprintf (refuse, sizeof (refuse), "%ju", (uintmax_t) start->refuse);
      arguments[count++] = "--refuse";
      arguments[count] = refuse;
    }
  execveat (start->program_fd, "", (char *const *) arguments, environment, AT_EMPTY_PATH);
  return vtpm_error_set (error, errno, "cannot execute %s", start->program);
}

static __attribute__ ((__noreturn__)) void
become_emulator (const struct vtpm_emulator_start *start, int channel_fd)
{
  const int fds[] = {
    [VTPM_FD_SERVER - VTPM_FD_SERVER] = start->server_fd,
    [VTPM_FD_CHANNEL - VTPM_FD_SERVER] = channel_fd,
    [VTPM_FD_JOURNAL - VTPM_FD_SERVER] = start->journal_fd,
    [VTPM_FD_PROGRAM - VTPM_FD_SERVER] = start->program_fd,
  };
  struct vtpm_emulator_start own = *start;
  struct vtpm_error *error = NULL;
  int report_fd = channel_fd;

  vtpm_child_reset_signals ();
  if (vtpm_child_arrange_descriptors (fds, sizeof (fds) / sizeof (fds[0]),
                                      VTPM_CHILD_STDIO_CLOSED, &error)
      == 0)
    {
      report_fd = VTPM_FD_CHANNEL;
      own.program_fd = VTPM_FD_PROGRAM;
      execute (&own, &error);
    }
  vtpm_channel_send_text (report_fd, VTPM_EMULATOR_FAILED, vtpm_error_message (error), NULL);
  _exit (127);
}

int
vtpm_emulator_process_start (const struct vtpm_emulator_start *start,
                             struct vtpm_emulator_process *process, struct vtpm_error **error)
{
  _cleanup_close_ int ours = -1;
  _cleanup_close_ int theirs = -1;
  int channel[2];

  if (vtpm_channel_pair (channel, error) < 0)
    return -1;
  ours = channel[0];
  theirs = channel[1];
  /* Only our end: a stuck emulator must not block us, while the emulator may
     well wait for us.  */
  if (fcntl (ours, F_SETFL, O_NONBLOCK) < 0)
    return vtpm_error_set (error, errno, "cannot set up the emulator's channel");
  process->pid = fork ();
  if (process->pid == 0)
    become_emulator (start, theirs);
  if (process->pid < 0)
    return vtpm_error_set (error, errno, "cannot fork the emulator");
  process->pidfd = (int) syscall (SYS_pidfd_open, process->pid, 0);
  if (process->pidfd < 0)
    {
      vtpm_error_set (error, errno, "cannot open a pidfd of the emulator");
      vtpm_emulator_process_kill (process);
      waitpid (process->pid, NULL, 0);
      process->pid = 0;
      return -1;
    }
  process->channel_fd = vtpm_steal_fd (&ours);
  return 0;
}

void
vtpm_emulator_process_kill (const struct vtpm_emulator_process *process)
{
  if (process->pid > 0)
    kill (process->pid, SIGKILL);
}

bool
vtpm_emulator_process_is_stopped (const struct vtpm_emulator_process *process)
{
  siginfo_t info = { 0 };

  return process->pid > 0
         && waitid (P_PID, (id_t) process->pid, &info, WSTOPPED | WNOHANG) == 0
         && info.si_pid == process->pid;
}

bool
vtpm_emulator_process_reap (struct vtpm_emulator_process *process, char *how, size_t size)
{
  int status = 0;

  while (waitpid (process->pid, &status, 0) < 0 && errno == EINTR)
    continue;
  process->pid = 0;
  if (WIFSIGNALED (status))
    snprintf (how, size, "killed by signal %d (%s)", WTERMSIG (status),
              strsignal (WTERMSIG (status)));
  else
    snprintf (how, size, "exit status %d", WEXITSTATUS (status));
  return WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL;
}
