/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_MANUFACTURE_H
#define OCI_VTPM_MANUFACTURE_H

/*
 * Makes a TPM: its PCR banks, its endorsement keys and their certificates, all of
 * it within this process.  What comes out has never been used.
 */

#include "manufacture_spec.h"
#include "secret_bytes.h"

/* A certificate's size in bytes at most: more fits no single response of the TPM with
   room to spare for what reads it.  */
#define VTPM_CERTIFICATE_MAX 2048

/* A key that is to be certified, and what the TPM says about itself (TPM 2.0 Library,
   part 2, 6.13, TPM_PT; TPM 1.2: the same from TPM_CAP_VERSION_VAL).  */
struct vtpm_certifiable_key
{
  const uint8_t *key; /* DER SubjectPublicKeyInfo */
  size_t key_size;
  enum vtpm_tpm_version version;
  uint32_t manufacturer;     /* four characters */
  uint32_t firmware_version; /* TPM_PT_FIRMWARE_VERSION_1 */
  uint32_t level;            /* of the specification */
  uint32_t revision;         /* hundredths: 164 */
};

struct vtpm_certifier
{
  /* Fills CERTIFICATE, DER.  */
  int (*certify) (void *context, const struct vtpm_certifiable_key *key,
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
