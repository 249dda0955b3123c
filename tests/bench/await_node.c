/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * await-node present|absent PATH
 *
 * Returns when PATH, in a directory that exists, is there or is gone.  What
 * inotifywait(1) does, but in one process that watches before it looks, so that
 * it can be called at any time and the peer of the benchmark is not charged for
 * a shell around it.
 */
#include <libgen.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "deadline.h"
#include "error.h"

#define SECONDS_MAX 60u

static bool
is_there (const char *path)
{
  struct stat status;

  return lstat (path, &status) == 0;
}

static int
watch_directory_of (const char *path, int *fd, struct vtpm_error **error)
{
  _cleanup_free_ char *copy = strdup (path);

  if (copy == NULL)
    return vtpm_error_set (error, ENOMEM, "%s", path);
  *fd = inotify_init1 (IN_CLOEXEC | IN_NONBLOCK);
  if (*fd < 0)
    return vtpm_error_set (error, errno, "cannot make an inotify descriptor");
  if (inotify_add_watch (*fd, dirname (copy), IN_CREATE | IN_DELETE | IN_MOVE) < 0)
    return vtpm_error_set (error, errno, "cannot watch the directory of %s", path);
  return 0;
}

static int
await (const char *path, bool wanted, struct vtpm_error **error)
{
  vtpm_deadline deadline = vtpm_deadline_after_seconds (SECONDS_MAX);
  _cleanup_close_ int fd = -1;

  if (watch_directory_of (path, &fd, error) < 0)
    return -1;
  while (is_there (path) != wanted)
    {
      struct pollfd wait = { .fd = fd, .events = POLLIN };
      char events[4096] __attribute__ ((aligned (__alignof__(struct inotify_event))));

      if (poll (&wait, 1, vtpm_deadline_left (deadline)) == 0)
        return vtpm_error_set (error, ETIMEDOUT, "%s is still %s", path,
                               wanted ? "absent" : "present");
      if (read (fd, events, sizeof (events)) < 0 && errno != EAGAIN && errno != EINTR)
        return vtpm_error_set (error, errno, "cannot read events");
    }
  return 0;
}

int
main (int argc, char **argv)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  bool wanted = argc == 3 && strcmp (argv[1], "present") == 0;

  if (argc != 3 || (!wanted && strcmp (argv[1], "absent") != 0))
    {
      fputs ("usage: await-node present|absent PATH\n", stderr);
      return 2;
    }
  if (await (argv[2], wanted, &error) < 0)
    {
      fprintf (stderr, "await-node: %s\n", vtpm_error_message (error));
      return 1;
    }
  return 0;
}
