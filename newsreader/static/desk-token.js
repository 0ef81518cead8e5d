// Sending a form's words by script: with a token that is still good.

// A fresh token of this page's form, or nothing where we are not signed in any more. Throws where the site is out of reach.
export const freshToken = async () => {
  const answer = await fetch(window.location.href);
  if (!answer.ok) throw new Error(String(answer.status));
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return answer.redirected ? null : page.querySelector("form[id$=_form] [name=csrfmiddlewaretoken]")?.value;
};

// Whoever has signed in again in another window has another token: it is asked for once. Null where we are signed out.
export const send = async (address, form, data) => {
  for (const again of [false, true]) {
    data.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    const answer = await fetch(address, { method: "POST", body: data, headers: { Accept: "text/html" } });
    if (answer.redirected) return null;
    if (answer.status !== 403 || again) return answer;
    const token = await freshToken();
    if (!token) return null;
    form.elements.csrfmiddlewaretoken.value = token;
  }
};
