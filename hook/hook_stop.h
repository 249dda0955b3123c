/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_HOOK_STOP_H
#define OCI_VTPM_HOOK_STOP_H

/* poststop: waits until the container's vTPM has ended, asking it to if it
   must.  The supervisor ends by itself when the container's init does; this
   makes sure that it is over when the runtime says that the container is
   deleted, and removes what a killed supervisor left.  */

#include "host_config.h"
#include "oci_state.h"

int vtpm_hook_stop (const struct vtpm_oci_state *state, const struct vtpm_host_config *config,
                    struct vtpm_error **error);

#endif
