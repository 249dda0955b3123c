/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "child.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>

#define FIRST_FD 3

void
vtpm_child_reset_signals (void)
{
  const struct sigaction default_action = { .sa_handler = SIG_DFL };
  sigset_t none;

  for (int number = 1; number < NSIG; number++)
    sigaction (number, &default_action, NULL);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
}

static int
open_null_stdio (void)
{
  _cleanup_close_ int null_fd = open ("/dev/null", O_RDWR | O_CLOEXEC);

  if (null_fd < 0)
    return -1;
  for (int fd = 0; fd < FIRST_FD; fd++)
    if (null_fd != fd && dup2 (null_fd, fd) < 0)
      return -1;
  if (null_fd < FIRST_FD)
    return fcntl (vtpm_steal_fd (&null_fd), F_SETFD, 0);
  return 0;
}

int
vtpm_child_arrange_descriptors (const int *fds, size_t count, enum vtpm_child_stdio stdio,
                                struct vtpm_error **error)
{
  const int beyond = FIRST_FD + (int) count;

  /* First above all targets: one source may have the number of another's
     target.  */
  int moved[8];

  if (count > sizeof (moved) / sizeof (moved[0]))
    return vtpm_error_set_plain (error, EINVAL, "%zu descriptors for a child", count);
  for (size_t i = 0; i < count; i++)
    {
      moved[i] = fcntl (fds[i], F_DUPFD, beyond);
      if (moved[i] < 0)
        return vtpm_error_set (error, errno, "cannot copy a descriptor for a child");
    }
  for (size_t i = 0; i < count; i++)
    if (dup2 (moved[i], FIRST_FD + (int) i) < 0)
      return vtpm_error_set (error, errno, "cannot place a descriptor for a child");
  if (close_range ((unsigned int) beyond, UINT_MAX, 0) < 0)
    return vtpm_error_set (error, errno, "cannot close inherited descriptors");
  if (stdio == VTPM_CHILD_STDIO_CLOSED)
    close_range (0, FIRST_FD - 1, 0);
  else if (open_null_stdio () < 0)
    return vtpm_error_set (error, errno, "cannot open /dev/null");
  return 0;
}
