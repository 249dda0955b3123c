/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_ENGINE_EK_H
#define OCI_VTPM_ENGINE_EK_H

#include "certificate_request.h"
#include "manufacture_spec.h"
#include "tpm_engine.h"

/* Somebody who wants to know a TPM's certificates, DER.  */
struct vtpm_ek_listener
{
  int (*hear) (void *context, enum vtpm_key_type type, const uint8_t *certificate, size_t size,
               struct vtpm_error **error);
  void *context;
};

/* Reads the certificates of its endorsement keys from a started TPM of VERSION (TPM 2.0
   Library, part 3, 31.6 and 31.13; TPM Main Specification, part 3, 20.4) and tells LISTENER, who may be NULL, in the order of enum
   vtpm_key_type.  What is not readable, not written, or larger than VTPM_CERTIFICATE_MAX
   is passed over.  A TPM that lacks one of the set EKS is an error that names what it
   has: EINVAL.  */
int vtpm_engine_expect_eks (struct vtpm_engine *engine, enum vtpm_tpm_version version,
                            unsigned int eks, const struct vtpm_ek_listener *listener,
                            struct vtpm_error **error);

#endif
