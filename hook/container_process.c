/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "container_process.h"

#include <fcntl.h>
#include <sys/syscall.h>

int
vtpm_container_process_open (pid_t pid, int pidfd, int *proc_fd, struct vtpm_error **error)
{
  _cleanup_close_ int fd = -1;
  char path[sizeof ("/proc/-2147483648")];

  snprintf (path, sizeof (path), "/proc/%d", (int) pid);
  fd = open (path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return vtpm_error_set (error, errno, "cannot open %s of the container's init", path);
  /* A zombie takes the null signal as well; its pid is not free yet.  */
  if (syscall (SYS_pidfd_send_signal, pidfd, 0, NULL, 0) < 0)
    return vtpm_error_set (error, errno, "the container's init (pid %d)", (int) pid);
  *proc_fd = vtpm_steal_fd (&fd);
  return 0;
}
