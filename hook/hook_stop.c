/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "hook_stop.h"

#include "existing_vtpm.h"

/* Beyond what the supervisor itself gives its emulator.  */
#define MARGIN_SECONDS 5u

int
vtpm_hook_stop (const struct vtpm_oci_state *state, const struct vtpm_host_config *config,
                struct vtpm_error **error)
{
  _cleanup_error_ struct vtpm_error *problem = NULL;
  vtpm_deadline deadline = vtpm_deadline_after_seconds (config->stop_timeout + MARGIN_SECONDS);

  if (vtpm_existing_end (VTPM_RUN_DIR, state->id, deadline, &problem) == 0)
    return 0;
  /* EBUSY: it is ending, and was told by the container's end.  */
  return vtpm_error_errnum (problem) == EBUSY ? 0 : vtpm_error_pass (error, &problem);
}
