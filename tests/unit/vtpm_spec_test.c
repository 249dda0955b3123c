/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "vtpm_spec.h"

#include "manufacture_spec.h"

#include "expect_error.h"

/* Parses annotations that are JSON but for the quotation marks: ' is ".  */
static int
parse (const char *text, bool *wanted, struct vtpm_spec *spec, struct vtpm_error **error)
{
  _cleanup_free_ char *json = strdup (text);
  json_object *annotations;
  int result;

  for (char *mark = strchr (json, '\''); mark != NULL; mark = strchr (mark, '\''))
    *mark = '"';
  annotations = json_tokener_parse (json);
  cr_assert_not_null (annotations, "%s", json);
  result = vtpm_spec_from_annotations (annotations, wanted, spec, error);
  json_object_put (annotations);
  return result;
}

static struct vtpm_spec
parse_well (const char *text)
{
  struct vtpm_spec spec;
  bool wanted = false;

  assert_success (parse (text, &wanted, &spec, &error));
  cr_assert (wanted, "%s", text);
  return spec;
}

Test (vtpm_spec, has_defaults)
{
  struct vtpm_spec spec = parse_well ("{'io.oci-vtpm.device':'tpm0'}");

  cr_expect_str_eq (spec.device, "tpm0");
  cr_expect_str_eq (spec.resource_manager, "tpmrm0");
  cr_expect_eq (spec.version, VTPM_TPM_2_0);
  cr_expect_not (spec.ephemeral);
  cr_expect_eq (spec.uid, 0);
  cr_expect_eq (spec.gid, 0);
  cr_expect_eq (spec.mode, 0660);
}

Test (vtpm_spec, takes_all)
{
  struct vtpm_spec spec = parse_well (
      "{'io.oci-vtpm.mode':'0600','io.oci-vtpm.device':'tpm65535','io.oci-vtpm.version':'1.2',"
      "'io.oci-vtpm.ephemeral':'true','io.oci-vtpm.uid':'1000','io.oci-vtpm.gid':'59',"
      "'io.oci-vtpm.ek':'none'}");

  cr_expect_str_eq (spec.device, "tpm65535");
  cr_expect_str_eq (spec.resource_manager, "tpmrm65535");
  cr_expect_eq (spec.version, VTPM_TPM_1_2);
  cr_expect (spec.ephemeral);
  cr_expect_eq (spec.uid, 1000);
  cr_expect_eq (spec.gid, 59);
  cr_expect_eq (spec.mode, 0600);
}

Test (vtpm_spec, takes_numbers_up_to_their_limits)
{
  struct vtpm_spec spec = parse_well (
      "{'io.oci-vtpm.device':'tpm1','io.oci-vtpm.mode':'777','io.oci-vtpm.uid':'4294967294',"
      "'io.oci-vtpm.gid':'0'}");

  cr_expect_eq (spec.mode, 0777);
  cr_expect_eq (spec.uid, 4294967294u);
  cr_expect_eq (spec.gid, 0);
  spec = parse_well ("{'io.oci-vtpm.device':'tpm1','io.oci-vtpm.mode':'0','io.oci-vtpm.gid':"
                     "'4294967294'}");
  cr_expect_eq (spec.mode, 0);
  cr_expect_eq (spec.gid, 4294967294u);
}

Test (vtpm_spec, leaves_the_annotations_of_others_alone)
{
  static const char *const texts[] = {
    "{}",
    "{'org.example':'io.oci-vtpm.device'}",
    "{'io.oci-vtpm':'x','io.oci-vtpmdevice':'x'}",
    "{'IO.OCI-VTPM.device':'tpm0','':'',' io.oci-vtpm.':''}",
    "{'run.oci.keep':7,'other':null,'list':[1]}",
  };

  for (size_t i = 0; i < sizeof (texts) / sizeof (texts[0]); i++)
    {
      struct vtpm_spec spec = { .device = "before" };
      bool wanted = true;

      assert_success (parse (texts[i], &wanted, &spec, &error));
      cr_expect_not (wanted, "%s", texts[i]);
      cr_expect_str_eq (spec.device, "before");
    }
}

Test (vtpm_spec, needs_no_annotations)
{
  struct vtpm_spec spec;
  bool wanted = true;

  assert_success (vtpm_spec_from_annotations (NULL, &wanted, &spec, &error));
  cr_expect_not (wanted);
}

struct bad_annotation
{
  const char *text;
  int errnum;
  const char *message;
};

static void
expect_refused (const struct bad_annotation *cases, size_t count)
{
  for (size_t i = 0; i < count; i++)
    {
      struct vtpm_spec spec = { .device = "before" };
      bool wanted;

      expect_error (parse (cases[i].text, &wanted, &spec, &error), cases[i].errnum,
                    cases[i].message);
      cr_expect_str_eq (spec.device, "before", "%s", cases[i].text);
    }
}

Test (vtpm_spec, refuses_unknown_keys)
{
  static const struct bad_annotation cases[] = {
    { "{'io.oci-vtpm.':'x'}", EINVAL, "unknown annotation io.oci-vtpm." },
    { "{'io.oci-vtpm.devise':'tpm0'}", EINVAL, "unknown annotation io.oci-vtpm.devise" },
    { "{'io.oci-vtpm.device ':'tpm0'}", EINVAL, "unknown annotation io.oci-vtpm.device " },
    { "{'io.oci-vtpm.Device':'tpm0'}", EINVAL, "unknown annotation io.oci-vtpm.Device" },
    { "{'io.oci-vtpm.device':'tpm0','io.oci-vtpm.x':'y'}", EINVAL, "unknown annotation" },
    { "{'io.oci-vtpm.a\\nb\\u001b':'y'}", EINVAL, "unknown annotation io.oci-vtpm.a?b?" },
  };

  expect_refused (cases, sizeof (cases) / sizeof (cases[0]));
}

Test (vtpm_spec, refuses_what_is_no_string)
{
  static const struct bad_annotation cases[] = {
    { "{'io.oci-vtpm.device':null}", EINVAL, "annotation io.oci-vtpm.device is not a string" },
    { "{'io.oci-vtpm.device':0}", EINVAL, "annotation io.oci-vtpm.device is not a string" },
    { "{'io.oci-vtpm.device':true}", EINVAL, "annotation io.oci-vtpm.device is not a string" },
    { "{'io.oci-vtpm.device':{}}", EINVAL, "annotation io.oci-vtpm.device is not a string" },
    { "{'io.oci-vtpm.device':['tpm0']}", EINVAL, "annotation io.oci-vtpm.device is not a string" },
    { "{'io.oci-vtpm.device':'tpm0\\u0000x'}", EINVAL, "is not a string" },
    { "{'io.oci-vtpm.device':'tpm0','io.oci-vtpm.uid':0}", EINVAL, "uid is not a string" },
  };

  expect_refused (cases, sizeof (cases) / sizeof (cases[0]));
}

/* Asking for anything asks for a TPM.  */
Test (vtpm_spec, needs_a_device)
{
  static const struct bad_annotation cases[] = {
    { "{'io.oci-vtpm.version':'2.0'}", EINVAL, "without io.oci-vtpm.device" },
    { "{'io.oci-vtpm.ek':'none'}", EINVAL, "without io.oci-vtpm.device" },
    { "{'io.oci-vtpm.uid':'0','io.oci-vtpm.gid':'0'}", EINVAL, "without io.oci-vtpm.device" },
  };

  expect_refused (cases, sizeof (cases) / sizeof (cases[0]));
}

Test (vtpm_spec, refuses_bad_values)
{
  static const struct
  {
    const char *key;
    const char *values[16];
    const char *message;
  } keys[] = {
    { "device",
      { "", "tpm", "tpmrm0", "tpm65536", "../tpm0", "tpm0/x", "tpm00", "null" },
      "is not tpm0 to tpm65535" },
    { "version", { "", "2", "2.0 ", "1.3", "TPM2" }, "is not 2.0 or 1.2" },
    { "name", { "", ".", "..", "-a", "a-", "A", "a b", "_container", "a:b" }, "" },
    { "ephemeral", { "", "yes", "1", "True", "true " }, "is not true or false" },
    { "uid",
      { "", "-1", "+1", " 1", "1 ", "0x1", "4294967295", "4294967296", "18446744073709551616",
        "00000000001", "root", "1.0" },
      "is not a user id from 0 to 4294967294" },
    { "gid",
      { "", "-1", "+1", "4294967295", "99999999999", "wheel" },
      "is not a group id from 0 to 4294967294" },
    { "mode",
      { "", "8", "0o660", "0x1b0", "-1", "1000", "1777", "04755", "rw-", "77777777777" },
      "is not an octal mode from 0 to 0777" },
  };

  for (size_t i = 0; i < sizeof (keys) / sizeof (keys[0]); i++)
    for (size_t j = 0; j < 16 && keys[i].values[j] != NULL; j++)
      {
        char text[128], message[128];
        struct bad_annotation annotation = { text, EINVAL, message };

        snprintf (text, sizeof (text), "{'io.oci-vtpm.%s':'%s'}", keys[i].key, keys[i].values[j]);
        snprintf (message, sizeof (message), "annotation io.oci-vtpm.%s: ", keys[i].key);
        expect_refused (&annotation, 1);
        annotation.message = keys[i].message;
        expect_refused (&annotation, 1);
      }
}

Test (vtpm_spec, may_name_an_instance)
{
  struct vtpm_spec spec = parse_well (
      "{'io.oci-vtpm.device':'tpm0','io.oci-vtpm.name':'web-1.a','io.oci-vtpm.ephemeral':'false'}");

  cr_expect_not (spec.ephemeral);
  assert_success (vtpm_spec_settle_instance (&spec, "c1", &error));
  cr_expect_str_eq (spec.instance.scope, "local");
  cr_expect_str_eq (spec.instance.name, "web-1.a");
}

Test (vtpm_spec, has_an_instance_of_its_containers_own)
{
  struct vtpm_spec spec = parse_well ("{'io.oci-vtpm.device':'tpm0'}");

  expect_error (vtpm_spec_settle_instance (&spec, "../c1", &error), EINVAL, "container id");
  assert_success (vtpm_spec_settle_instance (&spec, "C_1", &error));
  cr_expect_str_eq (spec.instance.scope, "_container");
  cr_expect_str_eq (spec.instance.name, "C_1");
}

Test (vtpm_spec, may_have_no_instance)
{
  struct vtpm_spec spec
      = parse_well ("{'io.oci-vtpm.device':'tpm0','io.oci-vtpm.ephemeral':'true'}");

  cr_expect (spec.ephemeral);
  assert_success (vtpm_spec_settle_instance (&spec, "c1", &error));
  cr_expect_str_eq (spec.instance.name, "");
}

/* In whatever order.  */
Test (vtpm_spec, is_not_both_named_and_ephemeral)
{
  static const struct bad_annotation cases[] = {
    { "{'io.oci-vtpm.device':'tpm0','io.oci-vtpm.name':'a','io.oci-vtpm.ephemeral':'true'}", EINVAL,
      "an instance with a name is not ephemeral" },
    { "{'io.oci-vtpm.ephemeral':'true','io.oci-vtpm.name':'a','io.oci-vtpm.device':'tpm0'}", EINVAL,
      "an instance with a name is not ephemeral" },
  };

  expect_refused (cases, sizeof (cases) / sizeof (cases[0]));
}

/* Another tenant's instances are in another scope.  */
Test (vtpm_spec, cannot_choose_a_scope)
{
  static const struct bad_annotation cases[] = {
    { "{'io.oci-vtpm.name':'other/web'}", EINVAL, "\"other/web\" contains a slash" },
    { "{'io.oci-vtpm.name':'_container/c1'}", EINVAL, "contains a slash" },
    { "{'io.oci-vtpm.name':'local/web'}", EINVAL, "contains a slash" },
    { "{'io.oci-vtpm.name':'../web'}", EINVAL, "contains a slash" },
  };

  expect_refused (cases, sizeof (cases) / sizeof (cases[0]));
}

/* Less than what was asked for is an error, and says so.  */
Test (vtpm_spec, refuses_what_it_cannot_do)
{
  static const struct bad_annotation cases[] = {
    { "{'io.oci-vtpm.ek':'ecc-p255'}", EINVAL, "io.oci-vtpm.ek: \"ecc-p255\" is not a type of key" },
    { "{'io.oci-vtpm.ek':''}", EINVAL, "io.oci-vtpm.ek: \"\" is not a type of key" },
    { "{'io.oci-vtpm.ek':'none,rsa2048'}", EINVAL, "io.oci-vtpm.ek: \"none\" is not a type" },
    { "{'io.oci-vtpm.ek':'rsa2048,ecc-p256','io.oci-vtpm.version':'1.2','io.oci-vtpm.device':'tpm0'}",
      EINVAL, "ek: a TPM 1.2 has one endorsement key only, rsa2048" },
  };

  expect_refused (cases, sizeof (cases) / sizeof (cases[0]));
}

Test (vtpm_spec, takes_pcr_banks)
{
  struct vtpm_spec spec
      = parse_well ("{'io.oci-vtpm.device':'tpm0','io.oci-vtpm.pcr-banks':'sha512,sha1'}");

  cr_expect_eq (spec.pcr_banks, 1U << VTPM_PCR_SHA1 | 1U << VTPM_PCR_SHA512);
  spec = parse_well ("{'io.oci-vtpm.device':'tpm0'}");
  cr_expect_eq (spec.pcr_banks, 0);
}

Test (vtpm_spec, takes_endorsement_keys)
{
  struct vtpm_spec spec
      = parse_well ("{'io.oci-vtpm.device':'tpm0','io.oci-vtpm.ek':'ecc-p384,rsa2048'}");

  cr_expect_eq (spec.eks, 1U << VTPM_KEY_RSA_2048 | 1U << VTPM_KEY_ECC_P384);
  spec = parse_well ("{'io.oci-vtpm.device':'tpm0','io.oci-vtpm.version':'1.2',"
                     "'io.oci-vtpm.ek':'rsa2048'}");
  cr_expect_eq (spec.eks, VTPM_EKS_1_2);
  spec = parse_well ("{'io.oci-vtpm.device':'tpm0','io.oci-vtpm.ek':'none'}");
  cr_expect_eq (spec.eks, 0);
}

Test (vtpm_spec, refuses_wrong_pcr_banks)
{
  static const struct bad_annotation cases[] = {
    { "{'io.oci-vtpm.pcr-banks':''}", EINVAL, "io.oci-vtpm.pcr-banks: \"\" is not a PCR bank" },
    { "{'io.oci-vtpm.pcr-banks':'sha256 '}", EINVAL, "\"sha256 \" is not a PCR bank" },
    { "{'io.oci-vtpm.pcr-banks':'sha256,sha256'}", EINVAL, "\"sha256\" is given twice" },
    { "{'io.oci-vtpm.pcr-banks':'sha1','io.oci-vtpm.version':'1.2','io.oci-vtpm.device':'tpm0'}",
      EINVAL, "pcr-banks: a TPM 1.2 has one bank only, sha1" },
  };

  expect_refused (cases, sizeof (cases) / sizeof (cases[0]));
}

Test (vtpm_spec, quotes_hostile_bytes)
{
  static const struct bad_annotation cases[] = {
    { "{'io.oci-vtpm.version':'\\u001b[2J\\n%s%n'}", EINVAL,
      "annotation io.oci-vtpm.version: \"?[2J?%s%n\" is not" },
    { "{'io.oci-vtpm.device':'\xe2\x80\xae"
      "0mpt'}",
      EINVAL, "device name \"???0mpt\" is not" },
  };

  expect_refused (cases, sizeof (cases) / sizeof (cases[0]));
}

Test (vtpm_spec, shortens_long_keys_and_values)
{
  _cleanup_error_ struct vtpm_error *problem = NULL;
  json_object *annotations = json_object_new_object ();
  struct vtpm_spec spec;
  static char value[1 << 16];
  bool wanted;

  memset (value, 'x', sizeof (value) - 1);
  json_object_object_add (annotations, "io.oci-vtpm.version", json_object_new_string (value));
  cr_expect_eq (vtpm_spec_from_annotations (annotations, &wanted, &spec, &problem), -1);
  cr_expect_lt (strlen (vtpm_error_message (problem)), 200);
  json_object_put (annotations);
}
