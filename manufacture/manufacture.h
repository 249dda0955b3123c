/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_MANUFACTURE_H
#define OCI_VTPM_MANUFACTURE_H

/*
 * Makes a TPM: its PCR banks, its endorsement keys and their certificates, all of
 * it within this process.  What comes out has never been used.
 */

#include "certificate_request.h"
#include "manufacture_spec.h"
#include "secret_bytes.h"

struct vtpm_certifier
{
  /* Fills CERTIFICATE, DER.  The request says nothing of whom the TPM is for.  */
  int (*certify) (void *context, const struct vtpm_certificate_request *request,
                  uint8_t certificate[VTPM_CERTIFICATE_MAX], size_t *size,
                  struct vtpm_error **error);
  void *context;
};

/* *PERMANENT is the TPM's permanent state (tpm_engine.h): it has been shut down, and
   has the banks that SPEC asks for from its next start on.  The caller clears it.
   CERTIFIER, which may be NULL where SPEC has no endorsement key, is asked once for each,
   in the order of enum vtpm_key_type; an error of its is one of this.  As with the engine,
   one TPM a process.  */
int vtpm_manufacture (const struct vtpm_manufacture_spec *spec,
                      const struct vtpm_certifier *certifier,
                      struct vtpm_secret_bytes *permanent, struct vtpm_error **error);

#endif
