/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_CERTIFICATE_EXTENSIONS_H
#define OCI_VTPM_CERTIFICATE_EXTENSIONS_H

#include "certificate.h"

#define VTPM_TPM_MODEL "libtpms"

/* How the profile has a TPM's manufacturer and version.  Returns TEXT.  */
#define VTPM_TPM_ID_SIZE 16
char *vtpm_certificate_tpm_id (uint32_t number, char text[VTPM_TPM_ID_SIZE]);

/* Adds all of an endorsement key's extensions to CERTIFICATE, which has its public key.  */
int vtpm_certificate_add_extensions (X509 *certificate,
                                     const struct vtpm_certificate_request *request,
                                     const struct vtpm_certificate_policy *policy, X509 *issuer,
                                     struct vtpm_error **error);

#endif
