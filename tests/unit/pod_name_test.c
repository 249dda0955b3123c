/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "pod_name.h"

#include "expect_error.h"
#include "json.h"

static json_object *
parse (const char *text)
{
  json_object *annotations = NULL;

  assert_success (vtpm_json_parse (text, strlen (text), "annotations", &annotations, &error));
  return annotations;
}

#define CONTAINERD "\"io.kubernetes.cri.sandbox-namespace\":\"shop\",\"io.kubernetes.cri.sandbox-name\":\"web-0\""
#define CRI_O "\"io.kubernetes.pod.namespace\":\"shop\",\"io.kubernetes.pod.name\":\"web-0\""

Test (pod_name, is_what_the_engines_say)
{
  static const char *const texts[] = { "{" CONTAINERD "}", "{" CRI_O "}", "{" CRI_O "," CONTAINERD "}" };

  for (size_t i = 0; i < sizeof (texts) / sizeof (texts[0]); i++)
    {
      _cleanup_json_ json_object *annotations = parse (texts[i]);
      struct vtpm_pod_name name;

      assert_success (vtpm_pod_name_find (annotations, &name, &error));
      cr_assert_not_null (name.pod);
      cr_expect_str_eq (name.namespace, "shop");
      cr_expect_str_eq (name.pod, "web-0");
    }
}

Test (pod_name, is_none_outside_of_pods)
{
  _cleanup_json_ json_object *annotations = parse ("{\"io.oci-vtpm.device\":\"tpm0\"}");
  struct vtpm_pod_name name;

  assert_success (vtpm_pod_name_find (annotations, &name, &error));
  cr_expect_null (name.pod);
  cr_expect_null (name.namespace);
  assert_success (vtpm_pod_name_find (NULL, &name, &error));
  cr_expect_null (name.pod);
}

Test (pod_name, is_a_name)
{
  static const struct
  {
    const char *text, *message;
  } cases[] = {
    { "{\"io.kubernetes.pod.name\":\"web-0\"}", "half the name of a pod: web-0" },
    { "{\"io.kubernetes.pod.namespace\":\"shop\"}", "half the name of a pod: shop" },
    { "{" CONTAINERD ",\"io.kubernetes.pod.name\":\"x\",\"io.kubernetes.pod.namespace\":\"shop\"}",
      "name two pods: shop/web-0 and shop/x" },
    { "{\"io.kubernetes.pod.name\":\"a/b\"}", "io.kubernetes.pod.name: \"a/b\" is not a name" },
    { "{\"io.kubernetes.pod.name\":\"\"}", "\"\" is not a name" },
    { "{\"io.kubernetes.pod.name\":7}", "\"7\" is not a name" },
    { "{\"io.kubernetes.pod.name\":null}", "\"\" is not a name" },
    { "{\"io.kubernetes.pod.name\":\"a\\u0000b\"}", "is not a name" },
    { "{\"io.kubernetes.pod.namespace\":"
      "\"a234567890b234567890c234567890d234567890e234567890f234567890g234\"}",
      "is not a name of Kubernetes" },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      _cleanup_json_ json_object *annotations = parse (cases[i].text);
      struct vtpm_pod_name name;

      expect_error (vtpm_pod_name_find (annotations, &name, &error), EINVAL, cases[i].message);
    }
}
