/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_TPM_VERSION_H
#define OCI_VTPM_TPM_VERSION_H

#include "error.h"

/* The TCG TPM family a vTPM implements.  */
enum vtpm_tpm_version
{
  VTPM_TPM_2_0,
  VTPM_TPM_1_2,
};

/* "2.0" or "1.2".  */
const char *vtpm_tpm_version_name (enum vtpm_tpm_version version);

/* Parses what vtpm_tpm_version_name returns.  EINVAL: NAME is neither.  */
int vtpm_tpm_version_from_name (const char *name, enum vtpm_tpm_version *version,
                                struct vtpm_error **error);

#endif
