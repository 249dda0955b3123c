/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "prey.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include "control_client.h"

#define PATIENCE_SECONDS 60u
#define WORK_NS 1000000000u

/* Between looks at what has no event.  */
#define LOOK_US 100

uint64_t
now_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (uint64_t) now.tv_sec * 1000000000u + (uint64_t) now.tv_nsec;
}

void
pause_us (uint64_t microseconds)
{
  const struct timespec pause = { .tv_sec = (time_t) (microseconds / 1000000),
                                  .tv_nsec = (long) (microseconds % 1000000) * 1000 };

  nanosleep (&pause, NULL);
}

static int
get_status (const struct prey *prey, struct vtpm_control_status *status, struct vtpm_error **error)
{
  return vtpm_control_get_status (prey->control, vtpm_deadline_after_seconds (PATIENCE_SECONDS),
                                  status, error);
}

int
prey_open (const char *container, const char *progress, struct prey *prey,
           struct vtpm_error **error)
{
  struct vtpm_control_status status;

  *prey = (struct prey){ .control = -1 };
  if (vtpm_control_connect (VTPM_RUN_DIR, container, vtpm_deadline_after_seconds (PATIENCE_SECONDS),
                            &prey->control, error)
          < 0
      || get_status (prey, &status, error) < 0
      || progress_open (progress, &prey->answers, error) < 0)
    return -1;
  prey->supervisor = status.supervisor_pid;
  return prey_await_emulator (prey, error);
}

void
prey_close (struct prey *prey)
{
  if (prey->answers != NULL)
    munmap ((void *) prey->answers, sizeof (*prey->answers));
  vtpm_cleanup_close (&prey->control);
}

int
prey_await_emulator (struct prey *prey, struct vtpm_error **error)
{
  uint64_t deadline = now_ns () + PATIENCE_SECONDS * 1000000000u;
  pid_t old = prey->emulator;

  for (;;)
    {
      struct vtpm_control_status status;

      if (get_status (prey, &status, error) < 0)
        return -1;
      prey->emulator = status.emulator_pid;
      if (prey->emulator != 0 && prey->emulator != old)
        return 0;
      if (strcmp (status.state, "failed") == 0)
        return vtpm_error_set_plain (error, 0, "the supervisor has given up");
      if (now_ns () > deadline)
        return vtpm_error_set_plain (error, ETIMEDOUT, "no other emulator was started");
      pause_us (LOOK_US);
    }
}

int
prey_await_answers (const struct prey *prey, uint64_t old, uint64_t count,
                    struct vtpm_error **error)
{
  uint64_t deadline = now_ns () + PATIENCE_SECONDS * 1000000000u;

  while (atomic_load (prey->answers) < old + count)
    {
      if (now_ns () > deadline)
        return vtpm_error_set_plain (error, ETIMEDOUT, "the client gets no answers");
      pause_us (LOOK_US);
    }
  return 0;
}

/* The state in proc(5) comes after the name in parentheses, which may have any
   character in it.  */
bool
prey_works (const struct prey *prey)
{
  char path[64], stat[512];
  _cleanup_fclose_ FILE *stream = NULL;
  const char *end;
  size_t size;

  snprintf (path, sizeof (path), "/proc/%d/stat", prey->emulator);
  stream = fopen (path, "re");
  if (stream == NULL)
    return false;
  size = fread (stat, 1, sizeof (stat) - 1, stream);
  stat[size] = '\0';
  end = strrchr (stat, ')');
  return end != NULL && end[1] == ' ' && (end[2] == 'R' || end[2] == 'D');
}

void
prey_await_work (const struct prey *prey)
{
  uint64_t deadline = now_ns () + WORK_NS;

  while (!prey_works (prey) && now_ns () < deadline)
    sched_yield ();
}

int
prey_kill (pid_t pid, struct vtpm_error **error)
{
  _cleanup_close_ int fd = (int) syscall (SYS_pidfd_open, pid, 0);
  struct pollfd wait = { .fd = fd, .events = POLLIN };

  if (fd < 0)
    return vtpm_error_set (error, errno, "cannot open process %d", pid);
  if (syscall (SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) < 0)
    return vtpm_error_set (error, errno, "cannot kill process %d", pid);
  if (poll (&wait, 1, (int) PATIENCE_SECONDS * 1000) != 1)
    return vtpm_error_set_plain (error, ETIMEDOUT, "process %d does not end", pid);
  return 0;
}
