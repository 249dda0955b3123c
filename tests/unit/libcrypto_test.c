/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "libcrypto.h"

#include <openssl/evp.h>

#include "expect_error.h"
#include "temp_dir.h"

TestSuite (libcrypto, .init = make_temp_dir, .fini = remove_temp_dir);

/* One that would leave no algorithm to choose from.  */
static void
use_bad_configuration (void)
{
  static const char text[] = "openssl_conf = all\n"
                             "[all]\nalg_section = algorithms\n"
                             "[algorithms]\ndefault_properties = provider=none\n";

  write_temp_file ("openssl.cnf", text, sizeof (text) - 1);
  cr_assert_eq (setenv ("OPENSSL_CONF", temp_path ("openssl.cnf"), 1), 0);
}

static bool
can_compute (void)
{
  EVP_MD *digest = EVP_MD_fetch (NULL, "SHA256", NULL);

  EVP_MD_free (digest);
  return digest != NULL;
}

Test (libcrypto, reads_no_configuration)
{
  use_bad_configuration ();
  assert_success (vtpm_libcrypto_prepare (&error));
  cr_expect (can_compute ());
  assert_success (vtpm_libcrypto_prepare (&error));
  cr_expect (can_compute ());
}

/* What the test above relies on.  */
Test (libcrypto, reads_its_configuration_otherwise)
{
  use_bad_configuration ();
  cr_expect_not (can_compute ());
}
