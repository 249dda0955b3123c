/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "expect_error.h"

/* More descriptors than a child of a test has open.  */
#define FD_LIMIT 256
#define NULL_DEVICE makedev (1, 3)

/* A child has no standard streams to complain on: its exit status is the line
   of the check that failed.  */
#define CHECK(condition)                                                                           \
  do                                                                                               \
    if (!(condition))                                                                              \
      _exit (1 + __LINE__ % 255);                                                                  \
  while (0)

static void
in_child (void (*function) (void))
{
  pid_t pid = fork ();
  int status;

  cr_assert_geq (pid, 0);
  if (pid == 0)
    {
      function ();
      _exit (0);
    }
  cr_assert_eq (waitpid (pid, &status, 0), pid);
  cr_assert_eq (status, 0, "wait status 0x%x: line %d or 255 more", status,
                WEXITSTATUS (status) - 1);
}

static ino_t
inode (int fd)
{
  struct stat status;

  return fstat (fd, &status) == 0 ? status.st_ino : 0;
}

static bool
is_null (int fd)
{
  struct stat status;

  return fstat (fd, &status) == 0 && S_ISCHR (status.st_mode) && status.st_rdev == NULL_DEVICE;
}

static bool
is_open (int fd)
{
  return fcntl (fd, F_GETFD) >= 0;
}

/* Opens a file that is like no other as descriptor FD.  */
static ino_t
open_as (int fd)
{
  int made = memfd_create ("child_test", MFD_CLOEXEC);

  CHECK (made >= 0);
  if (made != fd)
    {
      CHECK (dup3 (made, fd, O_CLOEXEC) == fd);
      close (made);
    }
  return inode (fd);
}

static void
check_arranged (const int *fds, const ino_t *inodes, int count, enum vtpm_child_stdio stdio)
{
  CHECK (vtpm_child_arrange_descriptors (fds, (size_t) count, stdio, NULL) == 0);
  for (int fd = 0; fd < 3; fd++)
    CHECK (stdio == VTPM_CHILD_STDIO_CLOSED ? !is_open (fd)
                                            : is_null (fd) && fcntl (fd, F_GETFD) == 0);
  for (int i = 0; i < count; i++)
    CHECK (inode (3 + i) == inodes[i] && fcntl (3 + i, F_GETFD) == 0);
  for (int fd = 3 + count; fd < FD_LIMIT; fd++)
    CHECK (!is_open (fd));
}

/* Each source has the number of another's target.  */
static void
arrange_a_cycle (void)
{
  const int fds[] = { 4, 5, 3 };
  const ino_t inodes[] = { open_as (4), open_as (5), open_as (3) };

  check_arranged (fds, inodes, 3, VTPM_CHILD_STDIO_CLOSED);
}

Test (child, arranges_a_cycle_of_descriptors)
{
  in_child (arrange_a_cycle);
}

static void
arrange_in_place (void)
{
  const int fds[] = { 3, 4 };
  const ino_t inodes[] = { open_as (3), open_as (4) };

  open_as (5);
  open_as (FD_LIMIT - 1);
  check_arranged (fds, inodes, 2, VTPM_CHILD_STDIO_NULL);
}

Test (child, arranges_descriptors_that_are_in_place)
{
  in_child (arrange_in_place);
}

static void
arrange_streams (void)
{
  const int fds[] = { 2, 0, 1, 100 };
  const ino_t inodes[] = { open_as (2), open_as (0), open_as (1), open_as (100) };

  check_arranged (fds, inodes, 4, VTPM_CHILD_STDIO_NULL);
}

Test (child, arranges_standard_streams)
{
  in_child (arrange_streams);
}

static void
arrange_twice_the_same (void)
{
  const int fds[] = { 50, 50 };
  const ino_t one = open_as (50);
  const ino_t inodes[] = { one, one };

  check_arranged (fds, inodes, 2, VTPM_CHILD_STDIO_CLOSED);
}

Test (child, arranges_one_descriptor_twice)
{
  in_child (arrange_twice_the_same);
}

static void
arrange_none (void)
{
  open_as (3);
  check_arranged (NULL, NULL, 0, VTPM_CHILD_STDIO_NULL);
}

Test (child, arranges_none)
{
  in_child (arrange_none);
}

/* Which of the standard streams are closed from the start.  */
static unsigned int closed_streams;

static void
arrange_without_streams (void)
{
  const int fds[] = { 10 };
  const ino_t inodes[] = { open_as (10) };

  for (int fd = 0; fd < 3; fd++)
    if ((closed_streams & 1u << fd) != 0)
      close (fd);
  check_arranged (fds, inodes, 1, VTPM_CHILD_STDIO_NULL);
}

Test (child, gives_streams_that_were_closed)
{
  for (closed_streams = 0; closed_streams < 8; closed_streams++)
    in_child (arrange_without_streams);
}

Test (child, refuses_too_many_descriptors)
{
  static const int fds[9];

  expect_error (vtpm_child_arrange_descriptors (fds, 9, VTPM_CHILD_STDIO_NULL, &error), EINVAL,
                "9 descriptors for a child");
}

Test (child, refuses_what_is_no_descriptor)
{
  static const int fds[] = { -1 };

  expect_error (vtpm_child_arrange_descriptors (fds, 1, VTPM_CHILD_STDIO_NULL, &error), EBADF,
                "cannot copy a descriptor");
}

static void
on_signal (int number)
{
  (void) number;
}

static void
reset_signals (void)
{
  sigset_t all, none;
  struct sigaction action;

  sigfillset (&all);
  sigprocmask (SIG_SETMASK, &all, NULL);
  for (int number = 1; number < NSIG; number++)
    signal (number, number % 2 == 0 ? SIG_IGN : on_signal);

  vtpm_child_reset_signals ();

  CHECK (sigprocmask (SIG_SETMASK, NULL, &none) == 0);
  for (int number = 1; number < NSIG; number++)
    {
      CHECK (sigismember (&none, number) <= 0);
      CHECK (sigaction (number, NULL, &action) < 0 || action.sa_handler == SIG_DFL);
    }
}

Test (child, resets_signals)
{
  in_child (reset_signals);
}
