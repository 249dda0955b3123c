/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "control_client.h"
#include "rundir.h"
#include "vtpm_info.h"
#include "vtpmctl.h"

/* Longer than any supervisor waits for its emulator by default.  */
#define STOP_SECONDS 30u

int
vtpmctl_stop (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
              struct vtpm_error **error)
{
  vtpm_deadline deadline = vtpm_deadline_after_seconds (STOP_SECONDS);
  _cleanup_error_ struct vtpm_error *problem = NULL;
  _cleanup_close_ int fd = -1;
  _cleanup_free_ char *id = NULL;
  bool live;

  if (vtpm_info_find (host->run_dir, options->arguments[0], &id, error) < 0)
    return -1;
  if (vtpm_control_connect (host->run_dir, id, deadline, &fd, &problem) == 0)
    return vtpm_control_stop (fd, deadline, error);
  /* Nobody serves it: what a killed supervisor left is removed.  */
  if (vtpm_rundir_sweep (host->run_dir, id, &live, error) < 0)
    return -1;
  if (!live)
    return 0;
  return vtpm_error_pass (error, &problem);
}
