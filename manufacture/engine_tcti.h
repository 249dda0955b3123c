/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_ENGINE_TCTI_H
#define OCI_VTPM_ENGINE_TCTI_H

/*
 * A TCTI (TCG TSS 2.0 TPM Command Transmission Interface API, version 1.0) whose
 * TPM is the engine of this very process: tpm2-tss marshals, libtpms executes,
 * and nothing leaves the address space.
 */

#include <tss2/tss2_sys.h>

#include "tpm_engine.h"

struct vtpm_engine_tcti;

/* ENGINE, a TPM 2.0, outlives *TCTI.  */
int vtpm_engine_tcti_new (struct vtpm_engine *engine, struct vtpm_engine_tcti **tcti,
                          struct vtpm_error **error);

/* TCTI may be NULL.  */
void vtpm_engine_tcti_free (struct vtpm_engine_tcti *tcti);

static inline void
vtpm_cleanup_engine_tcti (struct vtpm_engine_tcti **tcti)
{
  vtpm_engine_tcti_free (*tcti);
}

#define _cleanup_engine_tcti_ VTPM_CLEANUP (vtpm_cleanup_engine_tcti)

/* The commands' interface to it; belongs to TCTI.  */
TSS2_SYS_CONTEXT *vtpm_engine_tcti_sys (struct vtpm_engine_tcti *tcti);

/* 0 where CODE is TPM_RC_SUCCESS; otherwise an error that says what WHAT, a command's
   name in the specification, was answered with.  */
int vtpm_engine_tcti_check (struct vtpm_engine_tcti *tcti, TSS2_RC code, const char *what,
                            struct vtpm_error **error);

#endif
