/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <malloc.h>
#include <time.h>

#include "ca.h"
#include "expect_error.h"
#include "manufacture.h"
#include "temp_dir.h"

#define COUNT 1000

/* Of allocated memory; what a process of this size may come to hold on to.  */
#define GROWTH_MAX ((size_t) 64 << 10)

TestSuite (manufacture_many, .init = make_temp_dir, .fini = remove_temp_dir, .timeout = 600);

struct identity
{
  uint8_t serial[VTPM_SERIAL_SIZE];
  uint8_t key[VTPM_SERIAL_SIZE]; /* the end of it, which is part of the point */
};

static struct identity identities[COUNT];
static size_t made;

static int
certify (void *context, const struct vtpm_certificate_request *request,
         uint8_t certificate[VTPM_CERTIFICATE_MAX], size_t *size, struct vtpm_error **error)
{
  static const struct vtpm_certificate_policy policy = { .validity_days = 30 };
  const unsigned char *next = certificate;
  X509 *parsed;

  if (vtpm_ca_issue (context, request, &policy, time (NULL), certificate, size, error) < 0)
    return -1;
  parsed = d2i_X509 (NULL, &next, (long) *size);
  cr_assert_not_null (parsed);
  memcpy (identities[made].serial, ASN1_STRING_get0_data (X509_get0_serialNumber (parsed)),
          VTPM_SERIAL_SIZE);
  memcpy (identities[made].key, request->key + request->key_size - VTPM_SERIAL_SIZE,
          VTPM_SERIAL_SIZE);
  X509_free (parsed);
  return 0;
}

static int
compare_serials (const void *one, const void *other)
{
  return memcmp (((const struct identity *) one)->serial, ((const struct identity *) other)->serial,
                 VTPM_SERIAL_SIZE);
}

static int
compare_keys (const void *one, const void *other)
{
  return memcmp (((const struct identity *) one)->key, ((const struct identity *) other)->key,
                 VTPM_SERIAL_SIZE);
}

static void
expect_all_different (int (*compare) (const void *one, const void *other), const char *what)
{
  qsort (identities, COUNT, sizeof (identities[0]), compare);
  for (size_t i = 1; i < COUNT; i++)
    cr_assert_neq (compare (&identities[i - 1], &identities[i]), 0, "the same %s twice", what);
}

Test (manufacture_many, are_all_different_and_leave_nothing)
{
  const struct vtpm_manufacture_spec spec
      = { .version = VTPM_TPM_2_0, .eks = 1U << VTPM_KEY_ECC_P256 };
  const struct vtpm_ca_place place = { .dir = temp_dir };
  _cleanup_ca_ struct vtpm_ca *ca = NULL;
  struct vtpm_certifier certifier = { .certify = certify };
  size_t early = 0, late;

  assert_success (vtpm_ca_create (&place, VTPM_CA_KEY_ECC_P384, "test", time (NULL), &error));
  assert_success (vtpm_ca_open (&place, &ca, &error));
  certifier.context = ca;
  for (made = 0; made < COUNT; made++)
    {
      _cleanup_secret_bytes_ struct vtpm_secret_bytes permanent = { 0 };

      assert_success (vtpm_manufacture (&spec, &certifier, &permanent, &error));
      if (made == COUNT / 10)
        early = mallinfo2 ().uordblks;
    }
  late = mallinfo2 ().uordblks;
  cr_expect_leq (late, early + GROWTH_MAX, "%zu bytes, and then %zu", early, late);
  expect_all_different (compare_serials, "serial number");
  expect_all_different (compare_keys, "key");
}
