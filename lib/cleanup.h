/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_CLEANUP_H
#define OCI_VTPM_CLEANUP_H

/*
 * Cleanup attributes for the resources of the C library.  Types of this
 * project keep theirs beside the type.
 *
 * A closer keeps errno, so that an error path may read it after the resource
 * is gone, and close() is never retried: on Linux the descriptor is free even
 * when close() reports EINTR.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define VTPM_CLEANUP(function) __attribute__ ((__cleanup__ (function)))

static inline void
vtpm_cleanup_close (int *fd)
{
  if (*fd >= 0)
    {
      int saved_errno = errno;

      close (*fd);
      errno = saved_errno;
      *fd = -1;
    }
}

static inline void
vtpm_cleanup_free (void *pointer)
{
  free (*(void **) pointer);
}

static inline void
vtpm_cleanup_fclose (FILE **stream)
{
  if (*stream != NULL)
    {
      int saved_errno = errno;

      fclose (*stream);
      errno = saved_errno;
    }
}

static inline void
vtpm_cleanup_closedir (DIR **dir)
{
  if (*dir != NULL)
    {
      int saved_errno = errno;

      closedir (*dir);
      errno = saved_errno;
    }
}

#define _cleanup_close_ VTPM_CLEANUP (vtpm_cleanup_close)
#define _cleanup_free_ VTPM_CLEANUP (vtpm_cleanup_free)
#define _cleanup_fclose_ VTPM_CLEANUP (vtpm_cleanup_fclose)
#define _cleanup_closedir_ VTPM_CLEANUP (vtpm_cleanup_closedir)

/* Hands a descriptor over: the variable no longer owns it.  */
static inline int
vtpm_steal_fd (int *fd)
{
  int stolen = *fd;

  *fd = -1;
  return stolen;
}

/* Hands a pointer over, keeping its type.  */
#define vtpm_steal_pointer(variable) \
  __extension__({                    \
    __typeof__ (*(variable)) stolen_ = *(variable); \
    *(variable) = NULL;              \
    stolen_;                         \
  })

#endif
