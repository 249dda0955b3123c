/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "container_process.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static pid_t
start_process (int *pidfd)
{
  pid_t pid = fork ();

  if (pid == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      for (;;)
        pause ();
    }
  cr_assert_gt (pid, 0);
  *pidfd = (int) syscall (SYS_pidfd_open, pid, 0);
  cr_assert_geq (*pidfd, 0);
  return pid;
}

static void
end_process (pid_t pid)
{
  kill (pid, SIGKILL);
  cr_assert_eq (waitpid (pid, NULL, 0), pid);
}

TestSuite (container_process);

Test (container_process, opens_the_directory_of_a_live_process)
{
  _cleanup_close_ int pidfd = -1;
  _cleanup_close_ int proc_fd = -1;
  _cleanup_close_ int status_fd = -1;
  pid_t pid = start_process (&pidfd);
  char text[4096], expected[32];
  ssize_t got;

  cr_assert_eq (vtpm_container_process_open (pid, pidfd, &proc_fd, NULL), 0);
  status_fd = openat (proc_fd, "status", O_RDONLY | O_CLOEXEC);
  got = read (status_fd, text, sizeof (text) - 1);
  cr_assert_gt (got, 0);
  text[got] = '\0';
  snprintf (expected, sizeof (expected), "\nPid:\t%d\n", (int) pid);
  cr_assert_not_null (strstr (text, expected));
  end_process (pid);
}

/* The pid belongs to a live process, our own, but the pidfd does not say so:
   what pid reuse looks like.  */
Test (container_process, refuses_a_pid_that_has_been_given_away)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  _cleanup_close_ int pidfd = -1;
  int proc_fd = -1;

  end_process (start_process (&pidfd));
  cr_assert_eq (vtpm_container_process_open (getpid (), pidfd, &proc_fd, &error), -1);
  cr_assert_eq (proc_fd, -1);
  cr_assert_eq (vtpm_error_errnum (error), ESRCH);
}

Test (container_process, refuses_a_pid_that_nobody_has)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  _cleanup_close_ int pidfd = -1;
  pid_t pid = start_process (&pidfd);
  int proc_fd = -1;

  end_process (pid);
  cr_assert_eq (vtpm_container_process_open (pid, pidfd, &proc_fd, &error), -1);
  cr_assert_eq (vtpm_error_errnum (error), ENOENT);
}

Test (container_process, gives_nothing_after_the_end_of_the_process)
{
  _cleanup_close_ int pidfd = -1;
  _cleanup_close_ int proc_fd = -1;
  pid_t pid = start_process (&pidfd);

  cr_assert_eq (vtpm_container_process_open (pid, pidfd, &proc_fd, NULL), 0);
  end_process (pid);
  cr_assert_eq (openat (proc_fd, "root", O_PATH | O_CLOEXEC), -1);
  cr_assert (errno == ESRCH || errno == ENOENT, "%s", strerror (errno));
}
