/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_HOOK_START_H
#define OCI_VTPM_HOOK_START_H

/*
 * prestart and createRuntime: gives the container its vTPM.
 *
 * On success the device nodes are in the container, its device cgroup lets it
 * use them, and the TPM answers.  On failure nothing is left: no device, no
 * process, no file.  A container that has its vTPM already keeps it, so that
 * both hooks may be configured.
 */

#include "host_config.h"
#include "oci_state.h"
#include "vtpm_spec.h"

int vtpm_hook_start (const struct vtpm_oci_state *state, const struct vtpm_spec *spec,
                     const struct vtpm_host_config *config, struct vtpm_error **error);

#endif
