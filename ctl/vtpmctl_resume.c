/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "control_client.h"
#include "vtpm_info.h"
#include "vtpmctl.h"

#define ANSWER_SECONDS 30u

int
vtpmctl_resume (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                struct vtpm_error **error)
{
  vtpm_deadline deadline = vtpm_deadline_after_seconds (ANSWER_SECONDS);
  _cleanup_close_ int fd = -1;
  _cleanup_free_ char *id = NULL;

  if (vtpm_info_find (host->run_dir, options->arguments[0], &id, error) < 0
      || vtpm_control_connect (host->run_dir, id, deadline, &fd, error) < 0)
    return -1;
  if (vtpm_control_resume (fd, deadline, error) < 0)
    return vtpm_error_wrap (error, "%s", id);
  return 0;
}
