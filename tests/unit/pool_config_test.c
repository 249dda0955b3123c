/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "pool_config.h"

#include "expect_error.h"
#include "manufacture_spec.h"
#include "temp_dir.h"

TestSuite (pool_config, .init = make_temp_dir, .fini = remove_temp_dir);

static int
load (const char *text, struct vtpm_pool_config *config, struct vtpm_error **error)
{
  struct vtpm_host_config host;

  write_temp_file ("config.json", text, strlen (text));
  if (vtpm_host_config_load (temp_path ("config.json"), &host, error) < 0)
    return -1;
  return vtpm_pool_config_load (temp_path ("config.json"), &host, config, error);
}

Test (pool_config, takes_wishes)
{
  _cleanup_pool_config_ struct vtpm_pool_config config = { 0 };

  assert_success (load ("{\"ca\":{\"validityDays\":7},\"pool\":[{\"ek\":\"rsa2048\",\"count\":8},"
                        "{\"ek\":\"rsa2048\",\"pcrBanks\":\"sha256\",\"count\":10000},"
                        "{\"pcrBanks\":\"sha1\",\"count\":1}]}",
                        &config, &error));
  cr_assert_eq (config.count, 3);
  cr_expect_eq (config.wishes[0].kind.eks, 1U << VTPM_KEY_RSA_2048);
  cr_expect_eq (config.wishes[0].kind.pcr_banks, 0);
  cr_expect_neq (config.wishes[0].kind.authority, 0);
  cr_expect_eq (config.wishes[0].count, 8);
  cr_expect_eq (config.wishes[1].kind.pcr_banks, 1U << VTPM_PCR_SHA256);
  cr_expect_eq (config.wishes[1].count, 10000);
  cr_expect_eq (config.wishes[2].kind.eks, 0);
}

Test (pool_config, may_be_absent)
{
  static const char *const texts[] = { "{}", "{\"pool\":[]}" };
  struct vtpm_host_config host = { 0 };
  struct vtpm_pool_config config;

  for (size_t i = 0; i < sizeof (texts) / sizeof (texts[0]); i++)
    {
      assert_success (load (texts[i], &config, &error));
      cr_expect_eq (config.count, 0);
      vtpm_pool_config_clear (&config);
    }
  assert_success (vtpm_pool_config_load (temp_path ("none"), &host, &config, &error));
  cr_expect_eq (config.count, 0);
}

/* One certified otherwise is another TPM.  */
Test (pool_config, knows_one_authority_from_another)
{
  static const char *const texts[] = {
    "{\"pool\":[{\"ek\":\"rsa2048\",\"count\":1}]}",
    "{\"ca\":{},\"pool\":[{\"ek\":\"rsa2048\",\"count\":1}]}",
    "{\"ca\":{\"subject\":\"{host}\"},\"pool\":[{\"ek\":\"rsa2048\",\"count\":1}]}",
  };
  struct vtpm_pool_config configs[3];

  for (size_t i = 0; i < 3; i++)
    assert_success (load (texts[i], &configs[i], &error));
  for (size_t i = 0; i < 3; i++)
    cr_expect_neq (configs[i].wishes[0].kind.authority, configs[(i + 1) % 3].wishes[0].kind.authority);
  for (size_t i = 0; i < 3; i++)
    vtpm_pool_config_clear (&configs[i]);
}

Test (pool_config, says_what_is_wrong)
{
  static const struct
  {
    const char *text, *message;
    int errnum;
  } cases[] = {
    { "{\"pool\":{}}", "config.json: \"pool\" is not an array", EINVAL },
    { "{\"pool\":[7]}", "config.json: \"pool\" has something else than objects in it", EINVAL },
    { "{\"pool\":[null]}", "something else than objects", EINVAL },
    { "{\"pool\":[{\"ek\":\"rsa2048\"}]}", "\"pool\": \"count\" is missing", ENOENT },
    { "{\"pool\":[{\"ek\":\"rsa2048\",\"count\":0}]}", "\"count\" is 0, not between 1 and 10000", ERANGE },
    { "{\"pool\":[{\"ek\":\"rsa2048\",\"count\":10001}]}", "not between 1 and 10000", ERANGE },
    { "{\"pool\":[{\"ek\":\"rsa\",\"count\":1}]}", "\"ek\": \"rsa\" is not a type of key", EINVAL },
    { "{\"pool\":[{\"pcrBanks\":\"md5\",\"count\":1}]}", "\"pcrBanks\": \"md5\" is not a PCR bank", EINVAL },
    { "{\"pool\":[{\"ek\":\"none\",\"count\":1}]}", "\"ek\" or \"pcrBanks\" is missing", EINVAL },
    { "{\"pool\":[{\"keys\":\"none\",\"count\":1}]}", "unknown key \"keys\"", EINVAL },
    { "{\"pool\":[{\"ek\":\"rsa2048\",\"count\":1},{\"ek\":\"rsa2048\",\"count\":2}]}",
      "the same kind of TPM twice", EINVAL },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      struct vtpm_pool_config config;

      expect_error (load (cases[i].text, &config, &error), cases[i].errnum, cases[i].message);
    }
}
