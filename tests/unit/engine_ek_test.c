/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "engine_ek.h"

#include "expect_error.h"
#include "manufacture.h"

#define ALL_KEYS ((1U << VTPM_KEY_TYPE_COUNT) - 1)

/* "Certificates" of a size, each of another byte.  */
static int
certify (void *context, const struct vtpm_certificate_request *request,
         uint8_t certificate[VTPM_CERTIFICATE_MAX], size_t *size, struct vtpm_error **error)
{
  static int count;

  (void) request;
  (void) error;
  *size = *(const size_t *) context;
  memset (certificate, ++count, *size);
  return 0;
}

static struct vtpm_engine *
start_version_with (enum vtpm_tpm_version version, unsigned int eks, size_t size)
{
  const struct vtpm_manufacture_spec spec = { .version = version, .eks = eks };
  const struct vtpm_certifier certifier = { .certify = certify, .context = &size };
  _cleanup_secret_bytes_ struct vtpm_secret_bytes permanent = { 0 };
  struct vtpm_engine_state state = { 0 };
  struct vtpm_engine *engine = NULL;

  assert_success (vtpm_manufacture (&spec, &certifier, &permanent, &error));
  state.permanent = permanent.data;
  state.permanent_size = permanent.size;
  assert_success (vtpm_engine_new (version, &state, &engine, &error));
  assert_success (vtpm_engine_start (engine, &error));
  return engine;
}

static struct vtpm_engine *
start_tpm_with (unsigned int eks, size_t size)
{
  return start_version_with (VTPM_TPM_2_0, eks, size);
}

struct heard
{
  unsigned int types;
  size_t size;
  int last;
  bool deaf;
};

static int
hear (void *context, enum vtpm_key_type type, const uint8_t *certificate, size_t size,
      struct vtpm_error **error)
{
  struct heard *heard = context;

  if (heard->deaf)
    return vtpm_error_set_plain (error, EPIPE, "deaf");
  heard->types |= 1U << type;
  heard->size = size;
  cr_expect_gt (certificate[0], heard->last, "the order of the types");
  heard->last = certificate[0];
  for (size_t i = 0; i < size; i++)
    cr_assert_eq (certificate[i], certificate[0], "%zu", i);
  return 0;
}

/* One, two and not quite three times what a response has room for.  */
Test (engine_ek, are_shown_as_made)
{
  static const size_t sizes[] = { 1, 1023, 1024, 1025, VTPM_CERTIFICATE_MAX };

  for (size_t i = 0; i < sizeof (sizes) / sizeof (sizes[0]); i++)
    {
      struct heard heard = { 0 };
      const struct vtpm_ek_listener listener = { .hear = hear, .context = &heard };
      unsigned int eks = i == 0 ? ALL_KEYS : 1U << VTPM_KEY_ECC_P256;
      _cleanup_engine_ struct vtpm_engine *engine = start_tpm_with (eks, sizes[i]);

      assert_success (vtpm_engine_expect_eks (engine, VTPM_TPM_2_0, eks, &listener, &error));
      cr_expect_eq (heard.types, eks);
      cr_expect_eq (heard.size, sizes[i]);
    }
}

Test (engine_ek, may_be_more_than_asked_for)
{
  _cleanup_engine_ struct vtpm_engine *engine
      = start_tpm_with (1U << VTPM_KEY_ECC_P256 | 1U << VTPM_KEY_ECC_P384, 700);

  assert_success (vtpm_engine_expect_eks (engine, VTPM_TPM_2_0, 0, NULL, &error));
  assert_success (vtpm_engine_expect_eks (engine, VTPM_TPM_2_0, 1U << VTPM_KEY_ECC_P384, NULL, &error));
}

Test (engine_ek, have_to_be_there)
{
  _cleanup_engine_ struct vtpm_engine *engine = start_tpm_with (1U << VTPM_KEY_ECC_P256, 700);

  expect_error (vtpm_engine_expect_eks (engine, VTPM_TPM_2_0, ALL_KEYS, NULL, &error), EINVAL,
                "no endorsement key with a certificate of type rsa2048,rsa3072,ecc-p384,ecc-p521; "
                "those that it has: ecc-p256");
}

Test (engine_ek, are_none_of_a_plain_tpm)
{
  struct heard heard = { 0 };
  const struct vtpm_ek_listener listener = { .hear = hear, .context = &heard };
  const struct vtpm_engine_state nothing = { 0 };
  _cleanup_engine_ struct vtpm_engine *engine = NULL;

  assert_success (vtpm_engine_new (VTPM_TPM_2_0, &nothing, &engine, &error));
  assert_success (vtpm_engine_start (engine, &error));
  assert_success (vtpm_engine_expect_eks (engine, VTPM_TPM_2_0, 0, &listener, &error));
  cr_expect_eq (heard.types, 0);
  expect_error (vtpm_engine_expect_eks (engine, VTPM_TPM_2_0, 1, &listener, &error), EINVAL,
                "of type rsa2048; those that it has: none");
}

Test (engine_ek, is_shown_by_a_tpm_1_2)
{
  static const size_t sizes[] = { 1, 900, VTPM_CERTIFICATE_MAX };

  for (size_t i = 0; i < sizeof (sizes) / sizeof (sizes[0]); i++)
    {
      struct heard heard = { 0 };
      const struct vtpm_ek_listener listener = { .hear = hear, .context = &heard };
      _cleanup_engine_ struct vtpm_engine *engine = start_version_with (VTPM_TPM_1_2, VTPM_EKS_1_2, sizes[i]);

      assert_success (
          vtpm_engine_expect_eks (engine, VTPM_TPM_1_2, VTPM_EKS_1_2, &listener, &error));
      cr_expect_eq (heard.types, VTPM_EKS_1_2);
      cr_expect_eq (heard.size, sizes[i]);
    }
}

Test (engine_ek, is_missed_in_a_tpm_1_2)
{
  _cleanup_engine_ struct vtpm_engine *engine = start_version_with (VTPM_TPM_1_2, 0, 0);

  assert_success (vtpm_engine_expect_eks (engine, VTPM_TPM_1_2, 0, NULL, &error));
  expect_error (vtpm_engine_expect_eks (engine, VTPM_TPM_1_2, VTPM_EKS_1_2, NULL, &error), EINVAL,
                "of type rsa2048; those that it has: none");
}

Test (engine_ek, are_heard_of_or_there_is_no_start)
{
  struct heard heard = { .deaf = true };
  const struct vtpm_ek_listener listener = { .hear = hear, .context = &heard };
  _cleanup_engine_ struct vtpm_engine *engine = start_tpm_with (1U << VTPM_KEY_ECC_P256, 700);

  expect_error (vtpm_engine_expect_eks (engine, VTPM_TPM_2_0, 0, &listener, &error), EPIPE, "deaf");
}
