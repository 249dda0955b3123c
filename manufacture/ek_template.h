/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_EK_TEMPLATE_H
#define OCI_VTPM_EK_TEMPLATE_H

/*
 * Endorsement keys as the TCG EK Credential Profile for TPM Family 2.0 (version 2.5,
 * annex B) has them: RSA 2048 and P-256 from its low range, the others from its high
 * range.
 */

#include <tss2/tss2_tpm2_types.h>

#include "manufacture_spec.h"

/* Fills *TEMPLATE, for TPM2_CreatePrimary.  */
void vtpm_ek_template (enum vtpm_key_type type, TPM2B_PUBLIC *template);

#endif
