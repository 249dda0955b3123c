/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "existing_vtpm.h"

#include <poll.h>
#include <string.h>
#include <sys/syscall.h>

#include "control_client.h"
#include "rundir.h"

/* errno values that mean that a supervisor has ended, whichever call noticed
   it.  */
static bool
means_gone (const struct vtpm_error *error)
{
  switch (vtpm_error_errnum (error))
    {
    case ENOENT:
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
      return true;
    default:
      return false;
    }
}

/* Removes what a dead supervisor left.  One that lives but does not serve its
   socket is about to begin or to end.  */
static int
sweep (const char *base, const char *id, struct vtpm_error **error)
{
  bool live;

  if (vtpm_rundir_sweep (base, id, &live, error) < 0)
    return -1;
  return live ? vtpm_error_set_plain (error, EBUSY,
                                      "another vTPM of this container is starting or ending")
              : 0;
}

/* *FD is -1 when nobody is there.  */
static int
connect_or_sweep (const char *base, const char *id, vtpm_deadline deadline, int *fd,
                  struct vtpm_error **error)
{
  _cleanup_error_ struct vtpm_error *problem = NULL;

  *fd = -1;
  if (vtpm_control_connect (base, id, deadline, fd, &problem) == 0)
    return 0;
  if (means_gone (problem))
    return sweep (base, id, error);
  return vtpm_error_pass (error, &problem);
}

/* One that its parent has not waited for yet is dead all the same.  */
static bool
process_lives (pid_t pid)
{
  _cleanup_close_ int fd = (int) syscall (SYS_pidfd_open, pid, 0);
  struct pollfd end = { .fd = fd, .events = POLLIN };

  return fd >= 0 && poll (&end, 1, 0) == 0;
}

/* A supervisor may not have noticed yet that its container is dead.  */
static bool
is_ending (const struct vtpm_control_status *status)
{
  return strcmp (status->state, "stopping") == 0 || !process_lives (status->container_pid);
}

/* While an emulator is restarted its clients only wait a little longer.  */
static bool
is_in_service (const struct vtpm_control_status *status)
{
  return strcmp (status->state, "serving") == 0 || strcmp (status->state, "restarting") == 0;
}

int
vtpm_existing_make_room (const char *base, const char *id, pid_t container_pid,
                         vtpm_deadline deadline, bool *served, struct vtpm_error **error)
{
  _cleanup_error_ struct vtpm_error *problem = NULL;
  _cleanup_close_ int fd = -1;
  struct vtpm_control_status status;

  *served = false;
  if (connect_or_sweep (base, id, deadline, &fd, error) < 0)
    return -1;
  if (fd < 0)
    return 0;
  if (vtpm_control_get_status (fd, deadline, &status, &problem) < 0)
    {
      if (means_gone (problem))
        return sweep (base, id, error);
      return vtpm_error_pass (error, &problem);
    }
  *served = status.container_pid == container_pid && is_in_service (&status);
  if (*served)
    return 0;
  if (!is_ending (&status))
    return vtpm_error_set_plain (
        error, EBUSY, "a container of this id has a vTPM already: its init is process %d",
        (int) status.container_pid);
  return vtpm_control_wait_gone (fd, deadline, error);
}

int
vtpm_existing_await_end (const char *base, const char *id, vtpm_deadline deadline, bool *ended,
                         struct vtpm_error **error)
{
  _cleanup_error_ struct vtpm_error *problem = NULL;
  _cleanup_close_ int fd = -1;
  struct vtpm_control_status status;

  *ended = false;
  if (vtpm_control_connect (base, id, deadline, &fd, &problem) < 0
      || vtpm_control_get_status (fd, deadline, &status, &problem) < 0)
    {
      *ended = means_gone (problem);
      return *ended ? 0 : vtpm_error_pass (error, &problem);
    }
  if (!is_ending (&status))
    return 0;
  *ended = true;
  return vtpm_control_wait_gone (fd, deadline, error);
}

int
vtpm_existing_end (const char *base, const char *id, vtpm_deadline deadline,
                   struct vtpm_error **error)
{
  _cleanup_close_ int fd = -1;

  if (connect_or_sweep (base, id, deadline, &fd, error) < 0)
    return -1;
  return fd < 0 ? 0 : vtpm_control_stop (fd, deadline, error);
}
