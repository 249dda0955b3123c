/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_TPM_VERSION_H
#define OCI_VTPM_TPM_VERSION_H

/* The TCG TPM family a vTPM implements.  */
enum vtpm_tpm_version
{
  VTPM_TPM_2_0,
  VTPM_TPM_1_2,
};

/* "2.0" or "1.2".  */
const char *vtpm_tpm_version_name (enum vtpm_tpm_version version);

/* Parses what vtpm_tpm_version_name returns.  0, or -1 when NAME is neither.  */
int vtpm_tpm_version_from_name (const char *name, enum vtpm_tpm_version *version);

#endif
