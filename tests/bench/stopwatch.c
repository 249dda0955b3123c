/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * stopwatch FILE LABEL COMMAND [ARG...]
 *
 * Runs COMMAND with this program's standard streams, environment and exit
 * status, and, if it succeeds, appends "LABEL<TAB>MICROSECONDS" to FILE: the
 * wall time from before it was made until it was reaped.  In place of a shell's
 * `time` because a runtime can call it as a hook, and because the shell's own
 * forks cost more than some of what is measured.
 */
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#include "bench_clock.h"
#include "error.h"

extern char **environ;

static int
run (char **command, int *status, long long *elapsed, struct vtpm_error **error)
{
  long long start = bench_now_ns ();
  pid_t pid;
  int result = posix_spawnp (&pid, command[0], NULL, NULL, command, environ);

  if (result != 0)
    return vtpm_error_set (error, result, "cannot run %s", command[0]);
  while (waitpid (pid, status, 0) < 0)
    if (errno != EINTR)
      return vtpm_error_set (error, errno, "cannot wait for %s", command[0]);
  *elapsed = (bench_now_ns () - start) / 1000;
  return 0;
}

/* In one write, so that those who measure at the same time do not mix.  */
static int
append (const char *path, const char *label, long long elapsed, struct vtpm_error **error)
{
  _cleanup_close_ int fd = open (path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);

  if (fd < 0)
    return vtpm_error_set (error, errno, "cannot open %s", path);
  if (dprintf (fd, "%s\t%lld\n", label, elapsed) < 0)
    return vtpm_error_set (error, errno, "cannot write to %s", path);
  return 0;
}

int
main (int argc, char **argv)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  int status = 0;
  long long elapsed = 0;

  if (argc < 4)
    {
      fputs ("usage: stopwatch FILE LABEL COMMAND [ARG...]\n", stderr);
      return 2;
    }
  if (run (argv + 3, &status, &elapsed, &error) < 0
      || (status == 0 && append (argv[1], argv[2], elapsed, &error) < 0))
    {
      fprintf (stderr, "stopwatch: %s\n", vtpm_error_message (error));
      return 125;
    }
  return WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
}
