/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "kernel_module.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#define MODPROBE "/sbin/modprobe"

/* Loads the module.  Its failure shows when the device is opened again, which
   gives the better message.  */
static void
load (const char *module)
{
  char *const arguments[] = { (char *) "modprobe", (char *) "-q", (char *) module, NULL };
  char *const environment[] = { (char *) "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
  sigset_t all_signals_unblocked;
  posix_spawnattr_t attributes;
  pid_t pid;
  int status;

  /* crun runs hooks with nearly every signal blocked.  */
  sigemptyset (&all_signals_unblocked);
  posix_spawnattr_init (&attributes);
  posix_spawnattr_setsigmask (&attributes, &all_signals_unblocked);
  posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETSIGMASK);
  if (posix_spawn (&pid, MODPROBE, NULL, &attributes, arguments, environment) == 0)
    while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
      continue;
  posix_spawnattr_destroy (&attributes);
}

static bool
means_missing (int errnum)
{
  return errnum == ENOENT || errnum == ENXIO || errnum == ENODEV;
}

int
vtpm_kernel_module_open (const char *path, int flags, const char *module, const char *what,
                         bool may_load, int *fd, struct vtpm_error **error)
{
  *fd = open (path, O_RDWR | O_CLOEXEC | flags);
  if (*fd < 0 && means_missing (errno) && may_load)
    {
      load (module);
      *fd = open (path, O_RDWR | O_CLOEXEC | flags);
    }
  if (*fd >= 0)
    return 0;
  if (means_missing (errno))
    return vtpm_error_set_plain (error, ENODEV,
                                 "this kernel has no %s: no %s and the module %s %s", what, path,
                                 module, may_load ? "cannot be loaded" : "is not loaded");
  return vtpm_error_set (error, errno, "cannot open %s", path);
}
