/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_MANUFACTURE_SPEC_H
#define OCI_VTPM_MANUFACTURE_SPEC_H

/*
 * What a TPM is made with, besides its version: nothing of it can be changed
 * later from outside.  Sets are masks with bit 1 << N for member N.  As text they
 * are lists without blanks, "sha1,sha256", in the order of the enum when formatted.
 */

#include <stdint.h>

#include "error.h"
#include "tpm_version.h"

/* The PCR banks that libtpms has.  */
enum vtpm_pcr_bank
{
  VTPM_PCR_SHA1,
  VTPM_PCR_SHA256,
  VTPM_PCR_SHA384,
  VTPM_PCR_SHA512,
};

/* Keys that the TCG EK Credential Profile has a template for.  */
enum vtpm_key_type
{
  VTPM_KEY_RSA_2048,
  VTPM_KEY_RSA_3072,
  VTPM_KEY_ECC_P256,
  VTPM_KEY_ECC_P384,
  VTPM_KEY_ECC_P521,
};

#define VTPM_KEY_TYPE_COUNT 5

struct vtpm_manufacture_spec
{
  enum vtpm_tpm_version version;
  unsigned int pcr_banks; /* of enum vtpm_pcr_bank; 0: all, as libtpms makes them */
  unsigned int eks;       /* of enum vtpm_key_type, each with a certificate */
};

/* EINVAL: empty, a member that is none, or one twice; the message names it.  */
int vtpm_pcr_banks_parse (const char *text, unsigned int *banks, struct vtpm_error **error);

/* "none" is the empty set.  */
int vtpm_key_types_parse (const char *text, unsigned int *types, struct vtpm_error **error);

/* Room for any set as text.  */
#define VTPM_SET_TEXT_SIZE 64

/* Return BUFFER; the empty set is "none".  */
char *vtpm_pcr_banks_format (unsigned int banks, char buffer[VTPM_SET_TEXT_SIZE]);
char *vtpm_key_types_format (unsigned int types, char buffer[VTPM_SET_TEXT_SIZE]);

const char *vtpm_key_type_name (enum vtpm_key_type type);

/* Where the key of TYPE and its certificate go (EK Credential Profile, 2.2.1.4 and
   2.2.1.5).  */
struct vtpm_ek_place
{
  uint32_t key;         /* persistent handle */
  uint32_t certificate; /* NV index */
};

struct vtpm_ek_place vtpm_ek_place (enum vtpm_key_type type);

/* A TPM 1.2 has one, for which it needs no handle, and its certificate in the index
   TPM_NV_INDEX_EKCert with the D bit (TPM Main Specification, part 2, 19.1.2).  */
#define VTPM_EKS_1_2 (1U << VTPM_KEY_RSA_2048)
#define VTPM_EK_INDEX_1_2 0x1000f000u

#endif
