/** A name in a narrow column. Long ones of one fleet begin alike and end apart: what does not fit is left out of their midst. */
const [shortMax, tail] = [10, 9];

export function Name({ name }: { readonly name: string }) {
  if (name.length <= shortMax) return <>{name}</>;
  return <span class="name" title={name}><span>{name.slice(0, -tail)}</span><span>{name.slice(-tail)}</span></span>;
}
